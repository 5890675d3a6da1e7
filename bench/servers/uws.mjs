// uWebSockets.js as its own documentation says to use it: answers inside the handler, where the socket is already
// corked; `cork` only after an await; one writeHeader call per header.

import * as uWS from 'uWebSockets.js'
import { randomUUID } from 'node:crypto'
import { items, jsonType, serverName, textType } from '../lib/contract.mjs'
import { host, serve } from '../lib/serve.mjs'
import { halves, withPlainWildcard } from '../routes.mjs'

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

const app = uWS.App()
const [before, after] = halves()
const register = (/** @type {string} */ route) => app.get(withPlainWildcard(route), (res) => sendText(res, 'other'))

for (const route of before) register(route)

app.get('/ping', (res) => sendText(res, 'pong'))
app.get('/users/:id', (res, req) => sendJson(res, { id: req.getParameter(0) }))
app.get('/json', (res) => sendJson(res, items))

app.post('/echo', (res) => {
  /** @type {Buffer | undefined} */
  let body
  res.onAborted(() => {})
  res.onData((chunk, last) => {
    // The chunk is uWS's own memory: parsed at once when it is the whole body, copied when more is to come.
    const bytes = Buffer.from(chunk)
    if (last) sendJson(res, JSON.parse((body === undefined ? bytes : Buffer.concat([body, bytes])).toString()))
    else body = Buffer.concat(body === undefined ? [bytes] : [body, bytes])
  })
})

/** @typedef {Record<string, string>} Extra */
const first = async (/** @type {Extra} */ extra) => {
  extra['x-a'] = '1'
}
const second = async (/** @type {Extra} */ extra) => {
  extra['x-b'] = '2'
}

app.get('/async', async (res) => {
  let aborted = false
  res.onAborted(() => {
    aborted = true
  })
  /** @type {Extra} */
  const extra = {}
  await first(extra)
  await second(extra)
  if (aborted) return
  res.cork(() => {
    writeHeaders(res, textType)
    for (const name in extra) res.writeHeader(name, extra[name])
    res.end('pong')
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
