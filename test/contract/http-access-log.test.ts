import { accessLogContract } from './http/access-log.js'

accessLogContract()
