// node:http2 by its streams, without the objects that stand in for those of node:http, which cost more. find-my-way
// finds the routes.
import { randomUUID } from 'node:crypto'
import http2 from 'node:http2'
import findMyWay from 'find-my-way'
import { items, jsonType, serverName, textType } from '../../lib/contract.mjs'
import { host, serve } from '../../lib/serve.mjs'
import { text, tls } from '../../lib/tls-server.mjs'
import { halves, withPlainWildcard } from '../../routes.mjs'

/**
 * @typedef {http2.ServerHttp2Stream} Stream
 * @typedef {(stream: Stream, params: Record<string, string>) => void} Handler
 */

/** @param {Stream} stream */
function send(stream, /** @type {string} */ type, /** @type {string} */ body) {
  // The load ends amid its uploads: their end is then read of a stream that is no more.
  if (stream.destroyed) return
  stream.respond({
    ':status': 200,
    'content-type': type,
    'x-content-type-options': 'nosniff',
    'x-request-id': randomUUID(),
    server: serverName,
    'content-length': Buffer.byteLength(body),
  })
  stream.end(body)
}

const sendText = (/** @type {Stream} */ stream, /** @type {string} */ body) => send(stream, textType, body)
const sendJson = (/** @type {Stream} */ stream, /** @type {unknown} */ value) =>
  send(stream, jsonType, JSON.stringify(value))

const router = findMyWay()
const [before, after] = halves()
// The handler is what find() gives back with the route: nothing here is a request of node:http.
const on = (/** @type {'GET' | 'POST'} */ method, /** @type {string} */ path, /** @type {Handler} */ handler) =>
  router.on(method, path, () => {}, handler)
const register = (/** @type {string} */ route) =>
  on('GET', withPlainWildcard(route), (stream) => sendText(stream, 'other'))

for (const route of before) register(route)

on('GET', '/ping', (stream) => sendText(stream, 'pong'))
on('GET', '/users/:id', (stream, params) => sendJson(stream, { id: params.id }))
on('GET', '/json', (stream) => sendJson(stream, items))
on('GET', '/text', (stream) => sendText(stream, text))

on('POST', '/length', (stream) => {
  /** @type {Buffer[]} */
  const chunks = []
  stream.on('data', (chunk) => chunks.push(chunk))
  stream.on('end', () => sendText(stream, String(Buffer.concat(chunks).length)))
})

for (const route of after) register(route)

const server = http2.createSecureServer(tls)

server.on('stream', (stream, headers) => {
  // A stream that is reset, or whose connection is, emits it; without a listener the process would end.
  stream.on('error', () => {})
  const method = /** @type {import('find-my-way').HTTPMethod} */ (headers[':method'])
  const found = router.find(method, headers[':path'] ?? '/')
  if (found !== null) found.store(stream, found.params)
  else stream.respond({ ':status': 404 }, { endStream: true })
})
server.on('sessionError', () => {})

await serve(
  () =>
    new Promise((resolve, reject) => {
      server.on('error', reject)
      server.listen(0, host, () => resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port))
    }),
)
