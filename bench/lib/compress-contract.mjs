// What every server of the compression benchmark must answer, and in which form.
import http from 'node:http'
import zlib from 'node:zlib'
import { itemsOf, jsonType } from './contract.mjs'
import { Failure } from './failure.mjs'

/** 100 KB of JSON: the objects of the benchmark `http`, but 775 of them. Serialised for each request to /json. */
export const list = itemsOf(775)
/** The same as text, which /text answers with as it is. */
export const listText = JSON.stringify(list)

/**
 * @typedef {object} CompressRoute
 * @property {string} id what `--routes` takes
 * @property {'br' | 'gzip'} coding
 * @property {string} path
 * @property {string} title
 */

/** @type {readonly CompressRoute[]} */
export const compressRoutes = [
  { id: 'br', coding: 'br', path: '/text', title: 'br, 100 KB of JSON that is there as text' },
  { id: 'gzip', coding: 'gzip', path: '/text', title: 'gzip, 100 KB of JSON that is there as text' },
  { id: 'br-object', coding: 'br', path: '/json', title: 'br, 100 KB of JSON, serialised for each request' },
  { id: 'gzip-object', coding: 'gzip', path: '/json', title: 'gzip, 100 KB of JSON, serialised for each request' },
]

const decode = { br: zlib.brotliDecompressSync, gzip: zlib.gunzipSync }

/**
 * Asks a server for a route and compares what comes with the contract.
 *
 * @param {string} server for the message
 * @param {number} port
 * @param {CompressRoute} route
 * @returns {Promise<number>} bytes of the body as sent
 */
export async function checkCompressed(server, port, { coding, path }) {
  const { body, headers, status } = await ask(port, path, coding)
  const found = []
  if (status !== 200) found.push(`status ${status}, not 200`)
  if (headers['content-encoding'] !== coding) found.push(`coding ${headers['content-encoding']}, not ${coding}`)
  if (headers['content-type'] !== jsonType) found.push(`type ${headers['content-type']}, not ${jsonType}`)
  if (!/accept-encoding/i.test(String(headers.vary))) found.push(`Vary: ${headers.vary}, without Accept-Encoding`)
  if (found.length === 0 && decode[coding](body).toString() !== listText) found.push('another body')
  if (found.length > 0) throw new Failure(`${server} answers ${path} otherwise:\n  ${found.join('\n  ')}`)
  return body.byteLength
}

/**
 * @param {number} port
 * @param {string} path
 * @param {string} coding
 * @returns {Promise<{ body: Buffer, headers: http.IncomingHttpHeaders, status: number | undefined }>}
 */
function ask(port, path, coding) {
  return new Promise((resolve, reject) => {
    const request = http.get({ agent: false, headers: { 'accept-encoding': coding }, host: '127.0.0.1', path, port })
    request.on('error', reject)
    request.on('response', async (response) => {
      const chunks = []
      for await (const chunk of response) chunks.push(chunk)
      resolve({ body: Buffer.concat(chunks), headers: response.headers, status: response.statusCode })
    })
  })
}
