import assert from 'node:assert/strict'
import { appendFileSync, readdirSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, onEveryTransport } from '../../_setup.js'
import { makeFolder } from '../../files/_tree.js'

const folder = makeFolder()
const size = 64 * 1024 ** 2

/** A file that takes no room on disk and more than the buffers of a socket. */
function makeLarge(name: string): string {
  const file = path.join(folder, name)
  writeFileSync(file, '')
  truncateSync(file, size)
  return file
}

/** How often this process holds a file open; 0 where that cannot be known. */
function timesOpen(file: string): number {
  if (process.platform !== 'linux') return 0
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === file
    } catch {
      return false
    }
  }).length
}

// Ends when it is so; that it never is, is for the time limit of the whole run.
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}

/** Asks for a file, and takes nothing but the first bytes of the answer. */
async function begin(client: Client, name: string, headers = ''): Promise<Socket> {
  const socket = await client.connect()
  socket.write(`GET /${name} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`)
  const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve))
  socket.pause()
  assert.match(first.toString('latin1'), /^HTTP\/1\.1 20[06] /)
  return socket
}

/** Downloads of what does not fit into the buffers of a socket. */
export function fileDownloadContract(): void {
  onEveryTransport(
    'a download',
    (app) => {
      app.static('/', folder)
    },
    (client) => {
      if (client.transport === 'inject') return
      const { hasWire, variant } = client

      test('of a file that becomes shorter is cut off, and the next is of the new one', async () => {
        const file = makeLarge(`shrinks-${variant}`)
        const response = await client.fetch(`/${path.basename(file)}`)
        const reader = response.body!.getReader()
        await reader.read()
        truncateSync(file, 1_000_000)
        const drain = async (): Promise<number> => {
          let sum = 0
          for (;;) {
            const { done, value } = await reader.read()
            if (done) return sum
            sum += value.byteLength
          }
        }
        await assert.rejects(drain(), 'the client was told that it had everything')
        await until(() => timesOpen(file) === 0)
        const next = await client.fetch(`/${path.basename(file)}`)
        assert.equal((await next.arrayBuffer()).byteLength, 1_000_000)
      })

      test('of a file that grows has the length that was announced', async () => {
        const file = makeLarge(`grows-${variant}`)
        const response = await client.fetch(`/${path.basename(file)}`)
        appendFileSync(file, 'more')
        let sum = 0
        for await (const chunk of response.body!) sum += chunk.byteLength
        assert.equal(sum, size)
        await until(() => timesOpen(file) === 0)
      })

      if (!hasWire) return

      test('that is broken off lets its file go', async () => {
        const file = makeLarge(`aborted-${variant}`)
        const name = path.basename(file)
        const sockets = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            begin(client, name, index % 2 === 0 ? '' : 'Range: bytes=0-40000000,50000000-\r\n'),
          ),
        )
        if (process.platform === 'linux') assert.equal(timesOpen(file), 20)
        for (const [index, socket] of sockets.entries()) {
          // A socket of TLS cannot be told to reset.
          if (index % 2 === 0 && client.protocol === 'http') socket.resetAndDestroy()
          else socket.destroy()
        }
        await until(() => timesOpen(file) === 0)
        const response = await client.fetch(`/${name}`, { headers: { range: 'bytes=-1' } })
        assert.equal(response.status, 206)
        assert.equal((await response.arrayBuffer()).byteLength, 1)
        await until(() => timesOpen(file) === 0)
      })

      test('that is not taken waits, and is not kept in memory', async () => {
        const name = path.basename(makeLarge(`waiting-${variant}`))
        const before = process.memoryUsage().rss
        const sockets = await Promise.all(Array.from({ length: 20 }, () => begin(client, name)))
        await sleep(300)
        // All of it would be 1.3 GB.
        const grown = process.memoryUsage().rss - before
        for (const socket of sockets) socket.destroy()
        assert.ok(grown < 300e6, `${grown} bytes for 20 downloads that wait`)
      })
    },
    { logger: false },
  )
}
