// A long upload to a handler that is slower than its client.
import http from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Failure } from './failure.mjs'
import { ServerProcess } from './server-process.mjs'

/**
 * @typedef {object} Upload
 * @property {number} before resident bytes of the server before the upload
 * @property {number} peak the most of them while it ran
 * @property {number} seconds
 * @property {string} server
 * @property {number} size
 */

/**
 * Uploads to a server of its own process. Small uploads go before, so that compiled code and buffers are there when the
 * memory is first read.
 *
 * @param {import('./launch.mjs').Runnable} peer
 * @param {number} size in bytes
 * @returns {Promise<Upload>}
 */
export async function upload(peer, size) {
  const server = await ServerProcess.start(peer)
  try {
    for (let warmUp = 0; warmUp < 3; warmUp++) await send(server.port, 64 * 1024 ** 2)
    const started = performance.now()
    const answer = await send(server.port, size)
    const seconds = (performance.now() - started) / 1e3
    if (answer.size !== size) throw new Failure(`${peer.id} counted ${answer.size} bytes of ${size}`)
    return { ...answer, seconds, server: peer.id }
  } finally {
    await server.stop()
  }
}

/**
 * @param {number} port
 * @param {number} size
 * @returns {Promise<{ before: number, peak: number, size: number }>}
 */
async function send(port, size) {
  const headers = { 'Content-Length': size, 'Content-Type': 'application/octet-stream' }
  const request = http.request({ agent: false, headers, host: '127.0.0.1', method: 'POST', path: '/upload', port })
  const answered = new Promise((resolve, reject) => request.on('response', resolve).on('error', reject))
  const block = Buffer.alloc(65_536, 'x')
  const source = Readable.from(
    (function* () {
      for (let left = size; left > 0; left -= block.length) yield left < block.length ? block.subarray(0, left) : block
    })(),
  )
  const [response] = await Promise.all([answered, pipeline(source, request)])
  let text = ''
  for await (const part of /** @type {http.IncomingMessage} */ (response)) text += part
  if (response.statusCode !== 200) throw new Failure(`an upload was answered ${response.statusCode}: ${text}`)
  return JSON.parse(text)
}
