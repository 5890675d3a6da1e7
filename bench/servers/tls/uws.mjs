// uWebSockets.js's SSLApp, written as servers/uws.mjs is. It has HTTP/1.1 only.
import * as uWS from 'uWebSockets.js'
import { randomUUID } from 'node:crypto'
import { items, jsonType, serverName, textType } from '../../lib/contract.mjs'
import { host, serve } from '../../lib/serve.mjs'
import { files, text } from '../../lib/tls-server.mjs'
import { halves, withPlainWildcard } from '../../routes.mjs'

/** @param {uWS.HttpResponse} res */
function writeHeaders(res, /** @type {string} */ type) {
  res.writeHeader('Content-Type', type)
  res.writeHeader('X-Content-Type-Options', 'nosniff')
  res.writeHeader('X-Request-ID', randomUUID())
  res.writeHeader('Server', serverName)
  res.writeHeader('Connection', 'keep-alive')
}

/** @param {uWS.HttpResponse} res */
function sendText(res, /** @type {string} */ body) {
  writeHeaders(res, textType)
  res.end(body)
}

/** @param {uWS.HttpResponse} res */
function sendJson(res, /** @type {unknown} */ value) {
  writeHeaders(res, jsonType)
  res.end(JSON.stringify(value))
}

// Takes the `uWebSockets: 20` header away that the library adds to each answer. Hotpress does the same.
uWS._cfg('999999990007')

const app = uWS.SSLApp({ cert_file_name: files.cert, key_file_name: files.key })
const [before, after] = halves()
const register = (/** @type {string} */ route) => app.get(withPlainWildcard(route), (res) => sendText(res, 'other'))

for (const route of before) register(route)

app.get('/ping', (res) => sendText(res, 'pong'))
app.get('/users/:id', (res, req) => sendJson(res, { id: req.getParameter(0) }))
app.get('/json', (res) => sendJson(res, items))
app.get('/text', (res) => sendText(res, text))

app.post('/length', (res) => {
  /** @type {Buffer[]} */
  const chunks = []
  res.onAborted(() => {})
  res.onData((chunk, last) => {
    // The chunk is uWS's own memory: what is kept is a copy.
    chunks.push(Buffer.from(chunk.slice(0)))
    if (last) sendText(res, String(Buffer.concat(chunks).length))
  })
})

for (const route of after) register(route)

await serve(
  () =>
    new Promise((resolve, reject) => {
      app.listen(host, 0, (socket) => {
        if (socket) resolve(uWS.us_socket_local_port(socket))
        else reject(new Error('uWebSockets.js could not listen'))
      })
    }),
)
