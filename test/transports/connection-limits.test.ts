import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, test } from 'node:test'
import { WebSocket } from 'ws'
import type { Hotpress, HotpressOptions } from '../../src/index.js'
import { connectTo, start, variants } from '../_setup.js'

/** Those with a connection for each client, over which HTTP/1.1 is spoken. */
const all = variants.filter(({ version }) => version === '1.1')

interface Answer {
  readonly closed: boolean
  readonly text: string
}

function build(app: Hotpress): void {
  app.get('/', () => 'ok')
  app.get('/later', async () => {
    await new Promise((resolve) => setImmediate(resolve))
    return 'later'
  })
  app.ws('/ws', { message() {} })
}

function withHealth(app: Hotpress): void {
  build(app)
  app.health({ checks: { later: () => new Promise((resolve) => setImmediate(resolve)) } })
}

/** Asks by a connection, and reads until there is an answer or it is closed. */
async function ask(socket: Socket, path: string): Promise<Answer> {
  let text = ''
  const onData = (chunk: Buffer): void => {
    text += chunk.toString('latin1')
  }
  socket.on('data', onData)
  if (!socket.destroyed && path !== '') socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  while (!/\r\n\r\n./.test(text) && !socket.closed) {
    await Promise.race([once(socket, 'data').catch(() => {}), once(socket, 'close')])
  }
  socket.off('data', onData)
  if (/^connection: close/im.test(text) && !socket.closed) await once(socket.resume(), 'close')
  return { closed: socket.closed, text }
}

async function connectMany(port: number, count: number, isSecure: boolean): Promise<Socket[]> {
  const sockets: Socket[] = []
  for (let index = 0; index < count; index++) {
    const socket = await connectTo(port, isSecure)
    sockets.push(socket.on('error', () => {}))
  }
  return sockets
}

/** Counts what is told of refusals while a function runs. */
async function refusedWhile(run: () => Promise<void>): Promise<number> {
  let count = 0
  const onRefused = (told: unknown): void => {
    if ((told as { status: number }).status === 503) count++
  }
  subscribe('hotpress:refused', onRefused)
  await run().finally(() => unsubscribe('hotpress:refused', onRefused))
  return count
}

/** Tries until it succeeds: a server learns a moment later that a client has left. */
async function eventually(attempt: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000
  while (!(await attempt())) assert.ok(performance.now() < end, 'it never came to be')
}

const isOk = ({ text }: Answer): boolean => text.startsWith('HTTP/1.1 200 ')
const isRefused = ({ text }: Answer): boolean =>
  text.startsWith('HTTP/1.1 503 ') && /\r\nretry-after: 1\r\n/i.test(text)

for (const { name, protocol, skip, transport } of all) {
  const isSecure = protocol === 'https'
  const serve = (options: HotpressOptions, make = build, listening = {}): Promise<{ port: number }> =>
    start(name, make, options, listening).then(({ address }) => address)

  describe(`maxConnections on ${name}`, { skip }, () => {
    test('refuses what is beyond, tells of it, and serves the others', { skip: isSecure }, async () => {
      const { port } = await serve({ maxConnections: 2 })
      const count = await refusedWhile(async () => {
        const within = await connectMany(port, 2, false)
        for (const socket of within) assert.ok(isOk(await ask(socket, '/')))
        for (const socket of await connectMany(port, 3, false)) {
          const { closed, text } = await ask(socket, '')
          assert.match(text, /^HTTP\/1\.1 503 .+"code":"OVERLOADED"/s)
          assert.match(text, /^connection: close\r$/im)
          if (transport !== 'native') assert.match(text, /^retry-after: 1\r$/im)
          assert.ok(closed)
        }
        for (const socket of within) assert.ok(isOk(await ask(socket, '/later')))
        for (const socket of within) socket.destroy()
      })
      assert.equal(count, 3)
      await eventually(async () => {
        const socket = (await connectMany(port, 1, false))[0]!
        const answer = await ask(socket, '/')
        socket.destroy()
        return isOk(answer)
      })
    })

    test('closes what is beyond before there is TLS', { skip: !isSecure || transport === 'native' }, async () => {
      const { port } = await serve({ maxConnections: 1 })
      const [within] = await connectMany(port, 1, true)
      await assert.rejects(connectTo(port, true))
      assert.ok(isOk(await ask(within!, '/')))
      within!.destroy()
    })

    const ports: readonly boolean[] = transport === 'node' || process.platform === 'win32' ? [false] : [false, true]
    for (const reusePort of ports) {
      const where = reusePort ? ', on a port that is shared' : ''
      test(`health is asked for beyond it, and nothing else${where}`, async () => {
        const { port } = await serve({ maxConnections: 2 }, withHealth, { reusePort })
        const within = await connectMany(port, 2, isSecure)
        for (const socket of within) assert.ok(isOk(await ask(socket, '/')))
        for (const path of ['/healthz', '/readyz', '/startupz']) {
          const [probe] = await connectMany(port, 1, isSecure)
          const answer = await ask(probe!, path)
          assert.ok(isOk(answer), answer.text)
          assert.ok(answer.closed)
        }
        const [other] = await connectMany(port, 1, isSecure)
        const answer = await ask(other!, '/')
        assert.ok(isRefused(answer), answer.text)
        assert.ok(answer.closed)
        for (const socket of within) assert.ok(isOk(await ask(socket, '/later')))
        for (const socket of within) socket.destroy()
      })
    }

    test('of many at once exactly those beyond are refused', async () => {
      const { port } = await serve({ maxConnections: 10 }, withHealth)
      // More than are taken beyond the limit.
      const sockets = await connectMany(port, isSecure ? 40 : 90, isSecure)
      const asked = await Promise.all(sockets.map((socket) => ask(socket, '/')))
      assert.equal(asked.filter(isOk).length, 10)
      assert.equal(asked.filter(isRefused).length, sockets.length - 10)
      const served = sockets.filter((_, index) => isOk(asked[index]!))
      const again = await Promise.all(served.map((socket) => ask(socket, '/later')))
      assert.ok(again.every(isOk))
      // Others come in the place of those who leave.
      for (const socket of served.splice(0, 5)) socket.destroy()
      const others: Socket[] = []
      await eventually(async () => {
        const [socket] = await connectMany(port, 1, isSecure)
        const answer = await ask(socket!, '/')
        if (isOk(answer)) others.push(socket!)
        return others.length === 5
      })
      for (const socket of [...served, ...others]) assert.ok(isOk(await ask(socket, '/')))
      const [probe] = await connectMany(port, 1, isSecure)
      assert.ok(isOk(await ask(probe!, '/healthz')))
      for (const socket of [...served, ...others]) socket.destroy()
    })

    test('WebSockets count, until they are closed', { skip: isSecure }, async () => {
      const { port } = await serve({ maxConnections: 1 })
      for (let index = 0; index < 3; index++) {
        let socket: WebSocket | undefined
        await eventually(async () => {
          socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
          const [event] = await Promise.race([
            once(socket, 'open').then(() => ['open']),
            once(socket, 'error').catch((error: Error) => [error.message]),
          ])
          return event === 'open'
        })
        if (transport === 'native') {
          // It is Node's by now: what is counted with it are those that want to be.
          const second = new WebSocket(`ws://127.0.0.1:${port}/ws`)
          const [error] = (await once(second, 'error')) as [Error]
          assert.match(error.message, /503/)
        } else {
          const [other] = await connectMany(port, 1, false)
          assert.ok(isRefused(await ask(other!, '')))
        }
        socket!.close()
        await once(socket!, 'close')
      }
    })
  })

  const noAddress = transport === 'uws' ? 'it has no such limit' : isSecure && 'as in plaintext'
  test(`maxConnectionsPerAddress on ${name}`, { skip: skip || noAddress }, async () => {
    const { port } = await serve({ maxConnectionsPerAddress: 2 })
    const within = await connectMany(port, 2, false)
    for (const socket of within) assert.ok(isOk(await ask(socket, '/')))
    const [beyond] = await connectMany(port, 1, false)
    assert.ok(isRefused(await ask(beyond!, '')))
    within[0]!.destroy()
    await eventually(async () => {
      const [socket] = await connectMany(port, 1, false)
      const answer = await ask(socket!, '/')
      socket!.destroy()
      return isOk(answer)
    })
    within[1]!.destroy()
  })
}
