import { httpContract } from './http.js'

httpContract()
