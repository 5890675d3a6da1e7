// One codec in a process of its own: `node codec-process.mjs hotpress|node br|gzip|zstd <bytes>`.
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { createEncoder } from '../../.build/src/compression/encode.js'
import { orders } from './orders.mjs'

const [, , who, coding, size] = process.argv
const atOnce = 4
const text = JSON.stringify(orders(Number(size)))
const body = Buffer.from(text)

/** @returns {() => Promise<Uint8Array | undefined>} */
function codec() {
  if (who === 'hotpress') {
    const encoder = createEncoder()
    return () => encoder.encode(body, /** @type {'br' | 'gzip' | 'zstd'} */ (coding))
  }
  const gzip = promisify(zlib.gzip)
  const brotli = promisify(zlib.brotliCompress)
  const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 }
  return coding === 'br' ? () => brotli(body, { params }) : () => gzip(body)
}

const compress = codec()
const turns = Math.round(1e6 / body.length) + 50

async function run() {
  for (let turn = 0; turn < turns; turn++) await Promise.all(Array.from({ length: atOnce }, compress))
}

await run()
const before = process.cpuUsage()
await run()
const { system, user } = process.cpuUsage(before)
const bytes = (await compress())?.byteLength
console.log(JSON.stringify({ bytes, cpu: (system + user) / (turns * atOnce) }))
