// node:http with find-my-way, the router that Fastify uses: what is left when a framework is taken away.
import { randomUUID } from 'node:crypto'
import http from 'node:http'
import findMyWay from 'find-my-way'
import { items, jsonType, serverName, textType } from '../lib/contract.mjs'
import { host, serve } from '../lib/serve.mjs'
import { halves, withPlainWildcard } from '../routes.mjs'

/** @param {http.ServerResponse} response */
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

const sendText = (/** @type {http.ServerResponse} */ response, /** @type {string} */ body) =>
  send(response, textType, body)
const sendJson = (/** @type {http.ServerResponse} */ response, /** @type {unknown} */ value) =>
  send(response, jsonType, JSON.stringify(value))

const router = findMyWay()
const [before, after] = halves()
const register = (/** @type {string} */ route) =>
  router.on('GET', withPlainWildcard(route), (_request, response) => sendText(response, 'other'))

for (const route of before) register(route)

router.on('GET', '/ping', (_request, response) => sendText(response, 'pong'))
router.on('GET', '/users/:id', (_request, response, params) => sendJson(response, { id: params.id }))
router.on('GET', '/json', (_request, response) => sendJson(response, items))

router.on('POST', '/echo', (request, response) => {
  /** @type {Buffer[]} */
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const [body] = chunks
    sendJson(response, JSON.parse((chunks.length === 1 ? body : Buffer.concat(chunks)).toString()))
  })
})

const first = async (/** @type {http.ServerResponse} */ response) => {
  response.setHeader('x-a', '1')
}
const second = async (/** @type {http.ServerResponse} */ response) => {
  response.setHeader('x-b', '2')
}

router.on('GET', '/async', async (_request, response) => {
  await first(response)
  await second(response)
  sendText(response, 'pong')
})

for (const route of after) register(route)

const server = http.createServer((request, response) => router.lookup(request, response))

await serve(
  () =>
    new Promise((resolve, reject) => {
      server.on('error', reject)
      server.listen(0, host, () => resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port))
    }),
)
