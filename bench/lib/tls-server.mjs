// What the servers of the TLS benchmark have in common: their last arguments are the protocol that is measured and the
// files of the certificate and its key.
import { readFileSync } from 'node:fs'
import { text } from './tls-files.mjs'

export { text }

/** @type {readonly string[]} */
const [protocolArgument = '', certFile = '', keyFile = ''] = process.argv.slice(-3)

export const protocol = /** @type {import('./tls-contract.mjs').Protocol} */ (protocolArgument)
export const files = { cert: certFile, key: keyFile }
export const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile) }

/** Longer than any measurement of idle connections, in milliseconds. */
export const idleTimeout = 300_000
