import { tracingContract } from './http/tracing.js'

tracingContract()
