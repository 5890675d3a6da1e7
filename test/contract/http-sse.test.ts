import { sseContract } from './http/sse.js'

sseContract()
