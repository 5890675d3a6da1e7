import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bytes, type Hotpress, sse, stream } from '../../src/index.js'
import { connectTo, http2Session, listeningTransports, start, variants } from '../_setup.js'

// More than the buffers of both systems.
const large = new Uint8Array(32 * 1024 ** 2)

async function* parts(): AsyncGenerator<Uint8Array> {
  for (;;) yield large.subarray(0, 65_536)
}

function build(app: Hotpress): void {
  app.get('/whole', () => bytes(large))
  app.get('/parts', () => stream(parts()))
  app.get('/late', () => sleep(1000, 'late'))
  app.get(
    '/silent',
    sse(
      (_request, events) => {
        const timer = setTimeout(() => {
          events.send('late')
          events.close()
        }, 1000)
        return () => clearTimeout(timer)
      },
      { heartbeat: false },
    ),
  )
}

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`

/** Milliseconds for which a client takes nothing: longer where the machine is busy. */
const waits = [1500, 5000, 15_000]

/** Asks, takes nothing for a time, and then all that was on its way; whether that is less than there was to take. */
async function isCut(socket: Duplex, wait: number): Promise<boolean> {
  let taken = 0
  const closed = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve))
  await once(socket, 'readable')
  await sleep(wait)
  socket.on('data', (chunk: Buffer) => {
    taken += chunk.byteLength
    if (taken >= large.byteLength) socket.destroy()
  })
  await closed
  return taken < large.byteLength
}

for (const { name, skip } of listeningTransports) {
  test(`what slow clients have not taken is not held for each of them, on ${name}`, { skip }, async () => {
    const { address } = await start(name, build)
    const before = process.memoryUsage().rss
    const sockets = await Promise.all(Array.from({ length: 20 }, () => connectTo(address.port)))
    for (const socket of sockets)
      socket
        .pause()
        .on('error', () => {})
        .write(request('/whole'))
    await Promise.all(sockets.map((socket) => once(socket, 'readable')))
    // All of it would be 640 MB.
    const held = process.memoryUsage().rss - before
    assert.ok(held < 200 * 1024 ** 2, `${held} bytes`)
    for (const socket of sockets) socket.destroy()
  })
}

const withTimeout = variants.filter(({ transport, version }) => transport !== 'uws' && version !== '3')

for (const { name, protocol, skip, version } of withTimeout) {
  describe(`writeTimeout on ${name}`, { concurrency: true, skip }, () => {
    const served = start(name, build, { writeTimeout: 300 })

    for (const path of ['/whole', '/parts']) {
      test(`a client that takes nothing of ${path} is cut off`, { timeout: 60_000 }, async () => {
        const { address } = await served
        for (const wait of waits) {
          const session = version === '2' ? http2Session(address.url) : undefined
          const socket = session?.request({ ':path': path }) ?? (await connectTo(address.port, protocol === 'https'))
          if (session === undefined) socket.write(request(path))
          const wasCut = await isCut(socket, wait)
          session?.destroy()
          if (wasCut) return
        }
        assert.fail('it was never cut off')
      })
    }

    for (const path of ['/late', '/silent']) {
      test(`one that waits for ${path} is not`, { timeout: 60_000 }, async () => {
        const { address } = await served
        if (version === '2') {
          const session = http2Session(address.url)
          let text = ''
          const asked = session.request({ ':path': path }).setEncoding('utf8')
          for await (const chunk of asked) text += chunk
          assert.match(text, /late/)
          session.destroy()
          return
        }
        const socket = await connectTo(address.port, protocol === 'https')
        let text = ''
        socket.on('data', (chunk: Buffer) => {
          text += chunk.toString('latin1')
        })
        socket.write(request(path))
        while (!text.includes('late')) await once(socket, 'data')
        socket.destroy()
      })
    }
  })
}
