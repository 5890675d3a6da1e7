import { observersContract } from './http/observers.js'

observersContract()
