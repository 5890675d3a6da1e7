// Whether an access log loses anything: requests at a constant rate, rotation and reopening while they come, and the end of
// the process, after which the lines are counted.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createGunzip } from 'node:zlib'
import { ConstantRate } from '../load/constant-rate.mjs'
import { route } from './observability.mjs'

const newline = 0x0a

/**
 * @param {{ connections: number, headers: Readonly<Record<string, string>>, rate: number, seconds: number, transport: string }} plan
 * @returns {Promise<{ lines: number, rate: number, requests: number }>} requests as the server has counted them
 */
export async function lostLines({ connections, headers, rate, seconds, transport }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'hotpress-bench-'))
  const generator = new ConstantRate()
  const server = fork(fileURLToPath(new URL('../servers/access-log.mjs', import.meta.url)), [
    transport,
    path.join(folder, 'access.log'),
  ])
  try {
    const [port] = await once(server, 'message')
    const lines = Object.entries({ Host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    const request = `${route.method} ${route.path} HTTP/1.1\r\n${lines.join('')}\r\n`
    const hit = await generator.fire({ connections, leadIn: 1, port, rate, request, seconds })
    const ended = once(server, 'exit')
    server.send('end')
    const [requests] = await once(server, 'message')
    await ended
    return { lines: await countLines(folder), rate: hit.rate, requests }
  } finally {
    generator.stop()
    server.kill()
    rmSync(folder, { force: true, recursive: true })
  }
}

/** @param {string} folder */
async function countLines(folder) {
  let lines = 0
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.tmp')) continue
    const file = createReadStream(path.join(folder, name))
    const chunks = name.endsWith('.gz') ? file.pipe(createGunzip()) : file
    for await (const chunk of chunks) {
      for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) lines++
    }
  }
  return lines
}
