import { accessLogContract } from './http/access-log.js'
import { plainAccessLogContract } from './http/access-log-plain.js'

accessLogContract()
plainAccessLogContract()
