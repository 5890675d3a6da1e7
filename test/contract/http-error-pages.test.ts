import { errorPagesContract } from './http/error-pages.js'

errorPagesContract()
