#!/usr/bin/env node
import { workerId } from '../core/worker-id.js'

// Workers run this file too, and need nothing of what reads a command line.
const { main } = workerId() === undefined ? await import('./command.js') : await import('./worker.js')
await main(process.argv)
