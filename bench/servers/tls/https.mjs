// node:https with find-my-way, the router that Fastify uses.
import { randomUUID } from 'node:crypto'
import https from 'node:https'
import findMyWay from 'find-my-way'
import { items, jsonType, serverName, textType } from '../../lib/contract.mjs'
import { host, serve } from '../../lib/serve.mjs'
import { idleTimeout, text, tls } from '../../lib/tls-server.mjs'
import { halves, withPlainWildcard } from '../../routes.mjs'

/** @typedef {import('node:http').ServerResponse} Response */

/** @param {Response} response */
function send(response, /** @type {string} */ type, /** @type {string} */ body) {
  response.writeHead(200, {
    'Content-Type': type,
    'X-Content-Type-Options': 'nosniff',
    'X-Request-ID': randomUUID(),
    Server: serverName,
    'Content-Length': Buffer.byteLength(body),
  })
  response.end(body)
}

const sendText = (/** @type {Response} */ response, /** @type {string} */ body) => send(response, textType, body)
const sendJson = (/** @type {Response} */ response, /** @type {unknown} */ value) =>
  send(response, jsonType, JSON.stringify(value))

const router = findMyWay()
const [before, after] = halves()
const register = (/** @type {string} */ route) =>
  router.on('GET', withPlainWildcard(route), (_request, response) => sendText(response, 'other'))

for (const route of before) register(route)

router.on('GET', '/ping', (_request, response) => sendText(response, 'pong'))
router.on('GET', '/users/:id', (_request, response, params) => sendJson(response, { id: params.id }))
router.on('GET', '/json', (_request, response) => sendJson(response, items))
router.on('GET', '/text', (_request, response) => sendText(response, text))

router.on('POST', '/length', (request, response) => {
  /** @type {Buffer[]} */
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => sendText(response, String(Buffer.concat(chunks).length)))
})

for (const route of after) register(route)

const server = https.createServer({ ...tls, keepAliveTimeout: idleTimeout }, (request, response) =>
  router.lookup(request, response),
)

await serve(
  () =>
    new Promise((resolve, reject) => {
      server.on('error', reject)
      server.listen(0, host, () => resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port))
    }),
)
