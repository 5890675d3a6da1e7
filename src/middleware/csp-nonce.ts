import { Buffer } from 'node:buffer'
import { randomFillSync } from 'node:crypto'
import type { HttpRequest } from '../core/request.js'
import { requestKey } from '../core/request-key.js'

// 128 bits, as CSP Level 3, 7.1 asks for. One call of the generator serves many: it costs more than the bytes.
const nonceBytes = 16
const pool = Buffer.alloc(nonceBytes * 64)
let used = pool.length

const key = requestKey<string>('csp-nonce')

/**
 * The nonce of a request: 16 random bytes in base64, made when it is first asked for, and the same in the
 * `Content-Security-Policy` of its answer where that has `'nonce'`.
 *
 * @example
 * app.get('/', (req) => html(`<script nonce="${cspNonce(req)}">start()</script>`))
 */
export function cspNonce(request: HttpRequest): string {
  let nonce = request.get(key)
  if (nonce === undefined) {
    nonce = makeNonce()
    request.set(key, nonce)
  }
  return nonce
}

function makeNonce(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const start = used
  used += nonceBytes
  return pool.toString('base64', start, used)
}
