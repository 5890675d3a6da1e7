// nginx before the example, by the very file that users copy.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { WebSocket } from 'ws'
import { createApp } from '../../deploy/example/src/app.js'
import { type HttpClient, http1Client, http2Client } from '../_clients.js'
import { type Variant, variants } from '../_variants.js'
import { until } from '../transports/_server.js'
import { type Front, nginxMissing, startNginx } from './_nginx.js'

/** What stands between nginx and an app, to see what nginx sends. */
class Relay {
  connections = 0
  received = ''
  readonly #server: Server

  private constructor(port: number) {
    this.#server = createServer((client) => {
      this.connections++
      const upstream = connect(port, '127.0.0.1')
      client.on('data', (part: Buffer) => {
        this.received += part.toString('latin1')
      })
      for (const [from, into] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        from.on('error', () => into.destroy()).on('close', () => into.destroy())
        from.pipe(into)
      }
    })
  }

  static async open(port: number): Promise<Relay> {
    const relay = new Relay(port)
    await once(relay.#server.listen(0, '127.0.0.1'), 'listening')
    return relay
  }

  close(): void {
    this.#server.close()
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }
}

function suite({ transport }: Variant): void {
  const app = createApp({ logger: false, transport, trustProxy: 'loopback' })
  let front: Front
  let relay: Relay
  before(async () => {
    const { port } = await app.listen()
    relay = await Relay.open(port)
    front = await startNginx([relay.host])
  })
  after(async () => {
    await front?.stop()
    await app.close()
    relay?.close()
  })

  const ask = (path: string, options: RequestOptions = {}): ClientRequest =>
    request(front.https + path, { agent: false, rejectUnauthorized: false, ...options })
  const answerOf = async (asked: ClientRequest, rest?: Buffer): Promise<{ answer: IncomingMessage; body: string }> => {
    const [answer] = (await once(asked.end(rest), 'response')) as [IncomingMessage]
    return { answer, body: await text(answer) }
  }

  test('who the client is comes from nginx, whatever the client says', async () => {
    const headers = {
      Forwarded: 'for=6.6.6.6;host=evil.example',
      Host: 'app.example.com',
      'X-Forwarded-For': '6.6.6.6',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'http',
      'X-Request-ID': 'mine',
    }
    const { answer, body } = await answerOf(ask('/', { headers, localAddress: '127.0.0.7' }))
    const { id, pid: _, ...seen } = JSON.parse(body) as Record<string, unknown>
    // 127.0.0.7 is a trusted proxy too, and the leftmost of those is the client.
    assert.deepEqual(seen, { host: 'app.example.com', ip: '127.0.0.7', protocol: 'https' })
    assert.match(String(id), /^[\da-f]{32}$/)
    assert.equal(answer.headers['x-request-id'], id)
  })

  for (const [name, make] of [
    ['HTTP/1.1', http1Client],
    ['HTTP/2', http2Client],
  ] as const) {
    test(`many requests by ${name} share few connections to the app`, async () => {
      const before = relay.connections
      const clients: HttpClient[] = Array.from({ length: 8 }, () => make(front.https))
      await Promise.all(
        clients.map(async (client) => {
          for (let count = 0; count < 50; count++) assert.equal((await client.fetch('/')).status, 200)
          client.close()
        }),
      )
      const made = relay.connections - before
      assert.ok(made <= 40, `${made} connections for 400 requests`)
    })
  }

  test('a WebSocket comes through, and no other protocol', async () => {
    const socket = new WebSocket(`${front.https.replace('https:', 'wss:')}/echo`, { rejectUnauthorized: false })
    await once(socket, 'open')
    socket.send('hello')
    const [message] = await once(socket, 'message')
    assert.equal(String(message), 'hello')
    socket.close()
    await once(socket, 'close')

    relay.received = ''
    const headers = { Connection: 'Upgrade, HTTP2-Settings', 'HTTP2-Settings': 'AAMAAABkAAQAAP__', Upgrade: 'h2c' }
    assert.equal((await answerOf(ask('/', { headers }))).answer.statusCode, 200)
    assert.match(relay.received, /^GET \/ HTTP\/1\.1\r\n/)
    assert.doesNotMatch(relay.received, /^(?:connection|upgrade):/im)
  })

  test('an event comes at once, while the stream goes on', async () => {
    const asked = ask('/time').end()
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    assert.equal(answer.headers['content-type'], 'text/event-stream; charset=utf-8')
    let seen = ''
    for await (const part of answer) {
      seen += String(part)
      if (seen.split('event: time\n').length > 2) break
    }
    assert.equal(answer.complete, false)
    asked.destroy()
  })

  test('a body is passed on as it comes', async () => {
    const half = Buffer.alloc(5 * 2 ** 20, 'a')
    const { length } = half
    relay.received = ''
    const asked = ask('/upload', { headers: { 'Content-Length': 2 * length }, method: 'POST' })
    asked.write(half)
    await until(() => relay.received.length > length, 'half of the body at the app', 20_000)
    const { answer, body } = await answerOf(asked, half)
    assert.deepEqual([answer.statusCode, JSON.parse(body)], [200, { bytes: 2 * length }])
  })

  test('one that is too large is a 413: of the app up to what nginx takes, of nginx beyond', async () => {
    for (const [size, type] of [
      [32 * 2 ** 20 + 1, 'application/problem+json'],
      [33 * 2 ** 20 + 1, 'text/html'],
    ] as const) {
      const asked = ask('/upload', { headers: { 'Content-Length': size }, method: 'POST' })
      asked.on('error', () => {}).flushHeaders()
      const [answer] = (await once(asked, 'response')) as [IncomingMessage]
      assert.deepEqual([answer.statusCode, answer.headers['content-type']?.split(';')[0]], [413, type])
      asked.destroy()
    }
  })

  test('health is for the machine itself', async () => {
    for (const path of ['/healthz', '/readyz', '/startupz']) {
      assert.equal((await answerOf(ask(path))).answer.statusCode, 200, path)
      assert.equal((await answerOf(ask(path, { localAddress: '127.0.0.7' }))).answer.statusCode, 403, path)
    }
  })

  test('plaintext is sent on to HTTPS, with its method', async () => {
    const answer = await fetch(`${front.http}/a?b`, { method: 'POST', redirect: 'manual' })
    assert.deepEqual([answer.status, answer.headers.get('location')], [308, 'https://127.0.0.1/a?b'])
  })
}

describe('nginx before the example', { skip: nginxMissing, timeout: 120_000 }, () => {
  const transports = variants.filter(({ name, transport }) => name === transport)
  for (const variant of transports) {
    if (variant.skip === false) describe(variant.name, () => suite(variant))
    else test(variant.name, { skip: variant.skip })
  }
})
