// node:http with the one-shot functions of node:zlib, which cost less than its streams; brotli at the level that the
// others take, for its own default is 11.
import http from 'node:http'
import zlib from 'node:zlib'
import { list, listText } from '../../lib/compress-contract.mjs'
import { jsonType } from '../../lib/contract.mjs'
import { host, serve } from '../../lib/serve.mjs'

const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 }

const server = http.createServer((request, response) => {
  const coding = /** @type {string} */ (request.headers['accept-encoding'])
  const body = Buffer.from(request.url === '/json' ? JSON.stringify(list) : listText)
  const send = (/** @type {Error | null} */ error, /** @type {Buffer} */ coded) => {
    if (error !== null) throw error
    const headers = {
      'Content-Encoding': coding,
      'Content-Length': coded.byteLength,
      'Content-Type': jsonType,
      Vary: 'Accept-Encoding',
    }
    response.writeHead(200, headers).end(coded)
  }
  if (coding === 'br') zlib.brotliCompress(body, { params }, send)
  else zlib.gzip(body, send)
})

await serve(
  () =>
    new Promise((resolve, reject) => {
      server.on('error', reject)
      server.listen(0, host, () => resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port))
    }),
)
