import { healthContract } from './http/health.js'

healthContract()
