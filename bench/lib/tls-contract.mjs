// What every server under test must answer over TLS, and what it must negotiate: `checkTls` looks at both before a
// measurement, so that no peer is faster by a cheaper cipher or by saying less.
import http2 from 'node:http2'
import https from 'node:https'
import { differences, loadRoutes, textType } from './contract.mjs'
import { Failure } from './failure.mjs'
import { group, suite, text, uploadSize } from './tls-files.mjs'

/**
 * @typedef {import('./contract.mjs').Answer} Answer
 * @typedef {import('./contract.mjs').LoadRoute} LoadRoute
 * @typedef {'h1' | 'h2' | 'h3'} Protocol
 * @typedef {import('node:tls').TLSSocket} TLSSocket
 */

/** What a run calls a protocol. */
export const protocols = { h1: 'HTTP/1.1', h2: 'HTTP/2', h3: 'HTTP/3' }

export const smallRoutes = loadRoutes.filter(({ id }) => ['json', 'ping', 'users'].includes(id))

/** Read by the client from a file, see lib/tls-files.mjs. */
const upload = 'x'.repeat(uploadSize)

/** @type {readonly LoadRoute[]} */
export const largeRoutes = [
  { id: 'text', method: 'GET', path: '/text', answer: text, type: textType, title: 'GET /text: 100 KB of text' },
  {
    id: 'length',
    method: 'POST',
    path: '/length',
    body: upload,
    answer: String(uploadSize),
    type: textType,
    title: 'POST /length: 1 MB, read whole, and its length sent back',
  },
]

const ownClient = { ciphers: suite, ecdhCurve: group, minVersion: /** @type {const} */ ('TLSv1.3') }
// The certificate signed itself.
const client = { ...ownClient, rejectUnauthorized: false, servername: 'localhost' }

/** The alert of a server that has none of the protocols offered (RFC 7301, 3.2). */
const noProtocol = 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'

/** A server that does not speak a protocol, which is no reason to end a run. */
export class NotSpoken extends Failure {}

/**
 * Asks a server twice for a route and compares status, headers and body with the contract.
 *
 * @param {import('../tls-servers.mjs').TlsPeer} peer
 * @param {number} port
 * @param {LoadRoute} route
 * @param {Protocol} protocol HTTP/3 is not asked: Node has no client for it
 * @throws NotSpoken, and Failure naming the server, the route and each difference
 */
export async function checkTls(peer, port, route, protocol) {
  if (protocol === 'h3') return
  const ask = protocol === 'h1' ? askOverHttp1 : askOverHttp2
  const first = await ask(port, route)
  const second = await ask(port, route)
  const connection = protocol === 'h1' ? {} : { connection: undefined }
  const found = [...differences(first.answer, route, { ...connection, ...peer.differs }), ...negotiated(first.socket)]
  if (first.answer.headers['x-request-id'] === second.answer.headers['x-request-id']) {
    found.push('X-Request-ID does not change')
  }
  if (found.length === 0) return
  const where = `${route.method} ${route.path} over ${protocols[protocol]}`
  throw new Failure(`${peer.id} answers ${where} otherwise:\n  ${found.join('\n  ')}`)
}

/** @typedef {{ cipher: string, group: string | undefined, version: string | null }} Session */

/** @param {TLSSocket} socket @returns {Session} */
function sessionOf(socket) {
  const key = /** @type {import('node:tls').EphemeralKeyInfo | null} */ (socket.getEphemeralKeyInfo())
  return { cipher: socket.getCipher().standardName, group: key?.name, version: socket.getProtocol() }
}

/** @param {Session} session */
function negotiated({ cipher, group: curve, version }) {
  const found = []
  if (version !== 'TLSv1.3') found.push(`${version}, not TLSv1.3`)
  if (cipher !== suite) found.push(`suite ${cipher}, not ${suite}`)
  if (curve !== group) found.push(`group ${curve}, not ${group}`)
  return found
}

/**
 * @param {number} port
 * @param {LoadRoute} route
 * @returns {Promise<{ answer: Answer, socket: Session }>}
 */
function askOverHttp1(port, route) {
  return new Promise((resolve, reject) => {
    const options = { ...client, agent: new https.Agent({ keepAlive: true }), host: '127.0.0.1', port }
    const request = https.request({ ...options, headers: bodyHeaders(route), method: route.method, path: route.path })
    request.on('error', reject)
    request.on('response', async (response) => {
      try {
        const socket = sessionOf(/** @type {TLSSocket} */ (response.socket))
        const body = await whole(response)
        resolve({ answer: { body, headers: response.headers, status: response.statusCode }, socket })
      } catch (error) {
        reject(error)
      } finally {
        options.agent.destroy()
      }
    })
    request.end(route.body)
  })
}

/**
 * @param {number} port
 * @param {LoadRoute} route
 * @returns {Promise<{ answer: Answer, socket: Session }>}
 */
function askOverHttp2(port, route) {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`https://127.0.0.1:${port}`, client)
    const without = new NotSpoken('it does not offer h2 by ALPN')
    session.on('error', (error) => reject('code' in error && error.code === noProtocol ? without : error))
    session.on('connect', () => {
      if (session.alpnProtocol === 'h2') return
      reject(without)
      session.destroy()
    })
    const stream = session.request({ ':method': route.method, ':path': route.path, ...bodyHeaders(route) })
    stream.on('error', () => {})
    stream.on('response', async ({ ':status': status, ...headers }) => {
      try {
        const socket = sessionOf(/** @type {TLSSocket} */ (session.socket))
        const body = await whole(stream)
        resolve({ answer: { body, headers: /** @type {Answer['headers']} */ (headers), status }, socket })
      } catch (error) {
        reject(error)
      } finally {
        session.close()
      }
    })
    stream.end(route.body)
  })
}

/** @param {LoadRoute} route @returns {Record<string, string>} */
const bodyHeaders = ({ body }) => (body === undefined ? {} : { 'content-type': 'application/octet-stream' })

/** @param {AsyncIterable<Buffer>} stream */
async function whole(stream) {
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
