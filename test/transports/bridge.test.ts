import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent as HttpAgent, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { after, describe, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { type Address, Hotpress } from '../../src/index.js'
import { says } from '../_says.js'
import { listeningTransports, raw, variantNamed } from '../_setup.js'
import { tls } from '../_variants.js'

interface Started {
  readonly address: Address
  readonly app: Hotpress
}

/** Ways in which a connection comes to Node's server. */
interface Way {
  readonly isSecure: boolean
  readonly name: string
  readonly skip: string | false
  readonly transport: 'native' | 'node'
  /** Runs what listens as it would where it runs. */
  readonly within?: <Result>(run: () => Promise<Result>) => Promise<Result>
}

// What the core does where descriptors cannot be duplicated, which is settled when it listens.
async function onWindows<Result>(run: () => Promise<Result>): Promise<Result> {
  const platform = Object.getOwnPropertyDescriptor(process, 'platform')!
  Object.defineProperty(process, 'platform', { ...platform, value: 'win32' })
  try {
    return await run()
  } finally {
    Object.defineProperty(process, 'platform', platform)
  }
}

const skips = new Map(listeningTransports.map(({ name, skip }) => [name, skip]))
const ways: readonly Way[] = [
  { isSecure: false, name: 'native', skip: skips.get('native')!, transport: 'native' },
  { isSecure: true, name: 'native over TLS', skip: skips.get('native')!, transport: 'native' },
  {
    isSecure: false,
    name: 'native without descriptors',
    skip: skips.get('native')!,
    transport: 'native',
    within: onWindows,
  },
  { isSecure: false, name: 'node', skip: false, transport: 'node' },
]

async function start({ isSecure, transport, within = (run) => run() }: Way): Promise<Started> {
  const app = new Hotpress({ logger: false, transport })
  app.get('/plain', (req) => `plain for ${req.header('x-who') ?? 'nobody'}`)
  app.post('/echo', (req) => req.text())
  const server = app.nodeServer((req) => req.path.startsWith('/claimed'))
  const sockets = new WebSocketServer({ path: '/ws', server })
  sockets.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  )
  // As Connect middleware would: before the app's own listener sees the request.
  const routes = server.listeners('request') as ((...args: unknown[]) => void)[]
  assert.equal(routes.length, 0)
  const address = await within(() => app.listen(isSecure ? { tls } : {}))
  after(async () => {
    for (const client of sockets.clients) client.terminate()
    await app.close()
  })
  return { address, app }
}

function agentFor({ isSecure }: Way): HttpAgent {
  const options = { keepAlive: true, maxSockets: 1 }
  return isSecure ? new HttpsAgent({ ...options, rejectUnauthorized: false }) : new HttpAgent(options)
}

function get(agent: HttpAgent, { port }: Address, path: string, headers = {}): Promise<{ port: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = agent instanceof HttpsAgent ? requestHttps : requestHttp
    const req = request({ agent, headers, path, port }, async (res) => {
      let text = ''
      for await (const chunk of res.setEncoding('utf8')) text += chunk
      resolve({ port: localPort, text })
    })
    let localPort = 0
    req.on('socket', (socket) => {
      const note = (): void => {
        localPort = socket.localPort!
      }
      if (socket.connecting) socket.once('connect', note)
      else note()
    })
    req.on('error', reject)
    req.end()
  })
}

for (const way of ways) {
  const { isSecure, name, skip, transport } = way
  describe(`nodeServer() on ${name}`, { skip }, () => {
    test('gets upgrades: a WebSocket echoes text and bytes', async () => {
      const { address } = await start(way)
      const socket = new WebSocket(`${isSecure ? 'wss' : 'ws'}://127.0.0.1:${address.port}/ws`, {
        rejectUnauthorized: false,
      })
      await once(socket, 'open')
      socket.send('text')
      assert.equal(String((await once(socket, 'message'))[0]), 'text')
      const long = Buffer.alloc(300_000, 7)
      socket.send(long)
      assert.deepEqual((await once(socket, 'message'))[0], long)
      socket.close()
      await once(socket, 'close')
    })

    test('gets what it claims, and serves ordinary routes on that connection after it', async () => {
      const { address } = await start(way)
      const agent = agentFor(way)
      const before = await get(agent, address, '/plain', { 'x-who': 'Ada' })
      const claimed = await get(agent, address, '/claimed/path')
      const afterwards = await get(agent, address, '/plain', { 'x-who': 'Grace' })
      agent.destroy()
      assert.equal(before.text, 'plain for Ada')
      assert.match(claimed.text, /nothing is at \/claimed\/path/)
      assert.equal(afterwards.text, 'plain for Grace')
      assert.equal(before.port, claimed.port)
      assert.equal(before.port, afterwards.port)
    })

    test('gets the bytes that were read already: a body, and the next requests', async () => {
      const { address } = await start(way)
      const host = 'Host: localhost\r\n'
      const { text } = await raw(
        address.port,
        [
          `GET /plain HTTP/1.1\r\n${host}\r\nPOST /claimed HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nhello` +
            `POST /echo HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nworldGET /plain HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
        ],
        undefined,
        isSecure,
      )
      assert.deepEqual(
        [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]),
        ['200', '404', '200', '200'],
      )
      assert.match(text, /\r\n\r\nworldHTTP/)
    })

    test('an upgrade that nobody wants is an ordinary request', async () => {
      const app = new Hotpress({ logger: false, transport })
      app.get('/plain', () => 'plain')
      const { port } = await app.listen(isSecure ? { tls } : {})
      after(() => app.close())
      const { text } = await raw(
        port,
        'GET /plain HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n',
        undefined,
        isSecure,
      )
      assert.match(text, /^HTTP\/1\.1 200 /)
    })

    test('close() ends what was handed over, and the app can listen again', async () => {
      const { address, app } = await start(way)
      const agent = agentFor(way)
      await get(agent, address, '/claimed')
      await app.close()
      agent.destroy()
      const again = await app.listen(isSecure ? { tls } : {})
      const afterwards = agentFor(way)
      assert.equal((await get(afterwards, again, '/plain')).text, 'plain for nobody')
      afterwards.destroy()
    })
  })
}

for (const transport of ['native', 'node'] as const) {
  describe(`nodeServer() of two listeners on ${transport}`, { skip: skips.get(transport)! }, () => {
    test('one closes, and what came by the other stays', async () => {
      const app = new Hotpress({ logger: false, transport })
      const held: ((answer: string) => void)[] = []
      app.nodeServer((req) => req.path.startsWith('/claimed'))
      app.get('/claimed', () => 'claimed')
      app.get('/claimed/held', () => new Promise<string>((resolve) => held.push(resolve)))
      after(() => app.close())
      const ends = []
      for (const isSecure of [false, true]) {
        const listener = await app.listen(isSecure ? { tls } : {})
        const agent = agentFor({ isSecure, name: '', skip: false, transport })
        after(() => agent.destroy())
        const ask = (path: string): ReturnType<typeof get> => get(agent, listener, path)
        ends.push({ ask, first: await ask('/claimed'), listener })
      }
      const [left, kept] = ends
      const last = left!.ask('/claimed/held')
      while (held.length === 0) await new Promise((next) => setTimeout(next, 5))
      const closed = left!.listener.close()
      assert.deepEqual(await kept!.ask('/claimed'), kept!.first)
      held[0]!('late')
      assert.equal((await last).text, 'late')
      await closed
      await assert.rejects(left!.ask('/claimed'))
      assert.deepEqual(await kept!.ask('/claimed'), kept!.first)
      const again = await app.listen()
      assert.equal((await get(new HttpAgent(), again, '/claimed')).text, 'claimed')
      assert.deepEqual(await kept!.ask('/claimed'), kept!.first)
    })
  })
}

test('nodeServer() is refused by uws, which names the transport that can', async (t) => {
  const uws = variantNamed('uws')
  if (uws.skip !== false) return t.skip(uws.skip)
  const app = new Hotpress({ logger: false, transport: 'uws' })
  app.nodeServer()
  await assert.rejects(app.listen(), says('OPTION_REFUSED', 'uws cannot honour nodeServer()', 'transport native'))
})
