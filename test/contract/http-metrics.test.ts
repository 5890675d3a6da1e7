import { metricsContract } from './http/metrics.js'

metricsContract()
