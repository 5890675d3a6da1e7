import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { WebSocket } from 'ws'
import { bearer, Hotpress, type Middleware, requestKey } from '../../src/index.js'
import { http1Client } from '../_clients.js'
import { onEverySocketTransport, type SocketApp, startSockets, told } from './_socketio.js'

const user = requestKey<string>('user')

// What is asked for at a handshake: who it is, by a header.
const knowsUser: Middleware = async (req, next) => {
  await new Promise((resolve) => setImmediate(resolve))
  const name = req.header('x-user')
  if (name === undefined) return new Response('who are you?', { headers: { 'x-hint': 'x-user' }, status: 401 })
  req.set(user, name)
  return next()
}

/** The status and the body of the answer to a request for a WebSocket that is refused. */
async function refused({ address }: SocketApp, query: string, headers = {}): Promise<{ status: number; text: string }> {
  const url = `${address.url.replace(/^http/, 'ws')}/socket.io/?${query}`
  const socket = new WebSocket(url, { headers, rejectUnauthorized: false })
  const [request, response] = await once(socket, 'unexpected-response')
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  request.destroy()
  return { status: response.statusCode, text }
}

const handshake = 'EIO=4&transport=websocket'
const polling = '/socket.io/?EIO=4&transport=polling'

onEverySocketTransport('handshakes of app.socketio()', (variant) => {
  for (const transport of ['polling', 'websocket']) {
    test(`middleware refuses and lets through, by ${transport}`, async () => {
      const started = await startSockets(variant, { middleware: [knowsUser] })
      const { connect, io } = started
      io.useAuth((_, { request }) => ({ name: request.get(user), again: request.header('x-user') }))
      const names: unknown[] = []
      io.on('connection', (socket) => names.push(Reflect.get(socket, 'auth')))
      const refusedClient = connect({ transports: [transport] })
      await told(refusedClient, 'connect_error')
      const client = connect({ extraHeaders: { 'x-user': 'Ada' }, transports: [transport] })
      await told(client, 'connect')
      assert.deepEqual(names, [{ again: 'Ada', name: 'Ada' }])
    })
  }

  test('what middleware answers goes to the client, by both', async () => {
    const started = await startSockets(variant, { middleware: [knowsUser] })
    const { fetch, close } = http1Client(started.address.url)
    const answer = await fetch(polling)
    assert.equal(answer.status, 401)
    assert.equal(await answer.text(), 'who are you?')
    assert.equal(answer.headers.get('x-hint'), 'x-user')
    close()
    assert.deepEqual(await refused(started, handshake), { status: 401, text: 'who are you?' })
  })

  // The library takes the last of several, and cuts at a fragment: where the two differed, the middleware could be passed by.
  for (const query of ['sid=', 'sid=x&sid=', 'sid=&sid=', 'sid%00=x', 'SID=x']) {
    test(`a handshake is one that says ${query}`, async () => {
      const started = await startSockets(variant, { middleware: [knowsUser] })
      const { fetch, close } = http1Client(started.address.url)
      assert.equal((await fetch(`${polling}&${query}`)).status, 401)
      close()
      assert.equal((await refused(started, `${handshake}&${query}`)).status, 401)
    })
  }

  test('a session that is not there is no way past the middleware', async () => {
    const started = await startSockets(variant, { middleware: [knowsUser] })
    const { fetch, close } = http1Client(started.address.url)
    const answer = await fetch(`${polling}&sid=x`)
    assert.equal(answer.status, 400)
    assert.deepEqual(await answer.json(), { code: 1, message: 'Session ID unknown' })
    close()
    assert.equal((await refused(started, `${handshake}&sid=x`)).status, 400)
  })

  test('middleware that throws refuses with its status', async () => {
    const started = await startSockets(variant, {
      middleware: [bearer({ verify: (token) => token === 'a-token' && 'Ada' })],
    })
    assert.equal((await refused(started, handshake)).status, 401)
    const { connect } = started
    await told(connect({ extraHeaders: { authorization: 'Bearer a-token' } }), 'connect')
  })

  test('allowRequest is asked after it', async () => {
    const started = await startSockets(variant, {
      allowRequest: (req, decide) => decide(null, req.headers['x-user'] === 'Ada'),
    })
    assert.equal((await refused(started, handshake)).status, 400)
    await told(started.connect({ extraHeaders: { 'x-user': 'Ada' } }), 'connect')
    const { fetch, close } = http1Client(started.address.url)
    assert.equal((await fetch(polling)).status, 403)
    close()
  })

  for (const transport of ['polling', 'websocket']) {
    test(`the address is what trusted proxies say, by ${transport}`, async () => {
      const { connect, io } = await startSockets(variant, {}, () => {}, { trustProxy: 'loopback' })
      const addresses: string[] = []
      io.on('connection', ({ handshake }) => addresses.push(handshake.address))
      await told(connect({ transports: [transport] }), 'connect')
      await told(connect({ extraHeaders: { 'x-forwarded-for': '203.0.113.9' }, transports: [transport] }), 'connect')
      assert.deepEqual(addresses, ['127.0.0.1', '203.0.113.9'])
    })
  }

  test('websocketOnly refuses polling, and says what to do', async () => {
    const { address, connect } = await startSockets(variant, { websocketOnly: true })
    const { fetch, close } = http1Client(address.url)
    const answer = await fetch(polling)
    assert.equal(answer.status, 400)
    assert.match(answer.headers.get('content-type')!, /json/)
    const { code, detail } = (await answer.json()) as { code: string; detail: string }
    assert.equal(code, 'POLLING_REFUSED')
    assert.match(detail, /transports: \['websocket'\]/)
    close()
    await told(connect(), 'connect')
    assert.ok((await told(connect({ transports: ['polling'] }), 'connect_error')) instanceof Error)
  })

  test('pages of other origins poll as the app has it, or as the option says', async () => {
    const origin = 'https://app.example.com'
    const allowed = async (cors: unknown, own: unknown): Promise<readonly (string | null)[]> => {
      const { address } = await startSockets(variant, own === undefined ? {} : { cors: own }, () => {}, {
        cors: cors as never,
      })
      const { fetch, close } = http1Client(address.url)
      const get = await fetch(polling, { headers: { origin } })
      await get.text()
      const preflight = await fetch(polling, {
        headers: { 'access-control-request-method': 'POST', origin },
        method: 'OPTIONS',
      })
      close()
      return [get, preflight].map(({ headers }) => headers.get('access-control-allow-origin'))
    }
    assert.deepEqual(await allowed(false, undefined), [null, null])
    assert.deepEqual(await allowed(true, undefined), ['*', '*'])
    assert.deepEqual(await allowed(true, false), [null, null])
    assert.deepEqual(await allowed(false, { credentials: true, origins: origin }), [origin, origin])
    assert.deepEqual(await allowed({ origins: 'https://other.example' }, { origins: origin }), [origin, origin])
  })

  test('useAuth() refuses with a message and data, for each namespace by itself', async () => {
    const { connect, io } = await startSockets(variant)
    io.of('/admin').useAuth(async ({ token }) => {
      if (token !== 'secret') throw Object.assign(new Error('not for you'), { data: { code: 7 } })
      return { name: 'root' }
    })
    io.of(/^\/room-\d+$/).useAuth(({ token }) => {
      if (token !== 'room') throw 'closed'
      return { token }
    })
    const seen: unknown[] = []
    io.of('/admin').on('connection', (socket) => seen.push(Reflect.get(socket, 'auth')))
    await told(connect(), 'connect')
    const error = await told<Error & { data: unknown }>(connect({}, '/admin'), 'connect_error')
    assert.deepEqual([error.message, error.data], ['not for you', { code: 7 }])
    await told(connect({ auth: { token: 'secret' } }, '/admin'), 'connect')
    assert.deepEqual(seen, [{ name: 'root' }])
    assert.equal((await told<Error>(connect({}, '/room-1'), 'connect_error')).message, 'closed')
    await told(connect({ auth: { token: 'room' } }, '/room-1'), 'connect')
    assert.equal(typeof io.of('/room-1').useAuth, 'function')
    assert.equal((await told<Error>(connect({}, '/nowhere'), 'connect_error')).message, 'Invalid namespace')
  })

  test('a state that is recovered has passed useAuth() again', async () => {
    const { connect, io } = await startSockets(variant, {
      connectionStateRecovery: true,
      pingInterval: 500,
      pingTimeout: 500,
    })
    let asked = 0
    io.useAuth(() => ({ asked: ++asked }))
    const recovered: unknown[] = []
    io.on('connection', (socket) => {
      recovered.push([socket.recovered, Reflect.get(socket, 'auth')])
      socket.join('room')
    })
    const client = connect({ reconnection: true, reconnectionDelay: 10 })
    await told(client, 'connect')
    const first = told(client, 'event')
    io.to('room').emit('event', 1)
    await first
    const missed = told(client, 'event')
    const again = new Promise((resolve) => client.io.once('reconnect', resolve))
    client.io.engine.close()
    await again
    io.to('room').emit('event', 2)
    assert.equal(await missed, 2)
    assert.deepEqual(recovered, [
      [false, { asked: 1 }],
      [true, { asked: 2 }],
    ])
  })
})

describe('options of socketio()', () => {
  const wrong: readonly (readonly [options: object, message: RegExp])[] = [
    [{ transport: 'x' }, /there is no option transport of socketio\(\); the options are adapter, allowEIO3/],
    [{ adapter: 'redis' }, /adapter of socketio\(\) got "redis", and takes a function/],
    [{ allowEIO3: 1 }, /allowEIO3 of socketio\(\) got 1/],
    [{ allowRequest: 1 }, /allowRequest of socketio\(\) got 1/],
    [{ allowUpgrades: 'no' }, /allowUpgrades/],
    [{ cleanupEmptyChildNamespaces: 1 }, /cleanupEmptyChildNamespaces/],
    [{ connectTimeout: 0 }, /connectTimeout of socketio\(\) got 0, and takes more than 0/],
    [{ connectionStateRecovery: 1 }, /connectionStateRecovery/],
    [{ connectionStateRecovery: { skip: true } }, /no option skip of connectionStateRecovery of socketio\(\)/],
    [{ cookie: 'io' }, /cookie/],
    [{ cors: { origin: '*' } }, /no option origin of cors\(\)/],
    [{ httpCompression: 1 }, /httpCompression/],
    [{ maxHttpBufferSize: '1xb' }, /maxHttpBufferSize/],
    [{ middleware: [1] }, /middleware of socketio\(\) got an array, and takes an array of middleware/],
    [{ parser: {} }, /parser/],
    [{ path: 'socket.io' }, /path of socketio\(\) got "socket.io"/],
    [{ path: '/' }, /path/],
    [{ perMessageDeflate: 1 }, /perMessageDeflate/],
    [{ pingInterval: '1 week' }, /pingInterval/],
    [{ pingTimeout: -1 }, /pingTimeout/],
    [{ serveClient: 'yes' }, /serveClient/],
    [{ upgradeTimeout: 0 }, /upgradeTimeout/],
    [{ websocketOnly: 1 }, /websocketOnly/],
  ]
  for (const [options, message] of wrong) {
    test(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(() => new Hotpress({ logger: false }).socketio(options), message)
    })
  }

  test('refuses a second server on a path, and takes another path', () => {
    const app = new Hotpress({ logger: false })
    app.socketio()
    assert.throws(() => app.socketio({ path: '/socket.io/' }), { code: 'SOCKETIO_CONFLICT' })
    app.socketio({ path: '/other' })
  })

  test('refuses to be added after the start', async () => {
    const app = new Hotpress({ logger: false })
    await app.inject()
    assert.throws(() => app.socketio(), { code: 'APP_STARTED', message: /^socketio\(\) came after/ })
  })

  test('refuses useAuth() beside skipMiddlewares, and without a function', () => {
    const io = new Hotpress({ logger: false }).socketio({ connectionStateRecovery: { skipMiddlewares: true } })
    assert.throws(() => io.useAuth(() => 1), /skipMiddlewares of connectionStateRecovery got true, and takes false/)
    const other = new Hotpress({ logger: false }).socketio()
    assert.throws(() => other.useAuth(1 as never), /handler of useAuth\(\) got 1/)
  })
})
