// Socket.IO, revision 5 of the protocol, spoken by hand over one WebSocket.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { WebSocket } from 'ws'
import type { Variant } from '../_variants.js'
import { onEverySocketTransport, openSockets, type SocketApp } from './_socketio.js'

type Received = string | Buffer

interface Spoken {
  readonly socket: WebSocket
  /** The next message. */
  next(): Promise<Received>
  say(...messages: Received[]): void
}

onEverySocketTransport('the protocol of Socket.IO', (variant: Variant) => {
  let started: Promise<SocketApp> | undefined
  const sockets: WebSocket[] = []
  after(async () => {
    for (const socket of sockets) socket.terminate()
    await (await started)?.close()
  })

  // What a test asks of the server, for both namespaces.
  const app = (): Promise<SocketApp> => {
    started ??= openSockets(variant, {}, (io) => {
      for (const namespace of [io.of('/'), io.of('/custom')]) {
        namespace.on('connection', (socket) => {
          socket.emit('auth', socket.handshake.auth)
          socket.on('message', (...values: unknown[]) => socket.emit('message-back', ...values))
          socket.on('message-with-ack', (...values: unknown[]) =>
            (values.pop() as (...all: unknown[]) => void)(...values),
          )
          socket.on('ask', () => socket.emit('question', 1, (answer: unknown) => socket.emit('answer', answer)))
          socket.on('leave', (isWhole: boolean) => socket.disconnect(isWhole))
        })
      }
      io.of('/closed').use((_, next) => next(Object.assign(new Error('closed'), { data: { why: 'late' } })))
    })
    return started
  }

  async function speak(): Promise<Spoken> {
    const { url } = (await app()).address
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`, {
      rejectUnauthorized: false,
    })
    sockets.push(socket)
    const waiting: Received[] = []
    let wake = (): void => {}
    socket.on('message', (data, isBinary) => {
      waiting.push(isBinary ? (data as Buffer) : String(data))
      wake()
    })
    const next = async (): Promise<Received> => {
      while (waiting.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return waiting.shift()!
    }
    const say = (...all: Received[]): void => {
      for (const each of all) socket.send(each)
    }
    await once(socket, 'open')
    assert.equal(String(await next())[0], '0')
    return { next, say, socket }
  }

  async function joined(namespace = ''): Promise<Spoken> {
    const spoken = await speak()
    spoken.say(`40${namespace}`)
    await spoken.next()
    await spoken.next()
    return spoken
  }

  for (const [namespace, prefix] of [
    ['the main namespace', ''],
    ['another namespace', '/custom,'],
  ] as const) {
    test(`connects to ${namespace}, with and without a payload`, async () => {
      const plain = await speak()
      plain.say(`40${prefix}`)
      const answer = String(await plain.next())
      assert.ok(answer.startsWith(`40${prefix}{"sid":"`), answer)
      assert.match(JSON.parse(answer.slice(2 + prefix.length)).sid, /^[\w-]{20}$/)
      assert.equal(await plain.next(), `42${prefix}["auth",{}]`)
      const given = await speak()
      given.say(`40${prefix}{"token":"123"}`)
      await given.next()
      assert.equal(await given.next(), `42${prefix}["auth",{"token":"123"}]`)
    })

    test(`events of ${namespace} go both ways: text, numbers, bytes`, async () => {
      const { next, say } = await joined(prefix)
      say(`42${prefix}["message",1,"2",{"3":[true,null]}]`)
      assert.equal(await next(), `42${prefix}["message-back",1,"2",{"3":[true,null]}]`)
      const [first, second] = [Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6])]
      const placed = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'
      say(`452-${prefix}["message",${placed}]`, first, second)
      assert.equal(await next(), `452-${prefix}["message-back",${placed}]`)
      assert.deepEqual([await next(), await next()], [first, second])
    })

    test(`acknowledgements of ${namespace} go both ways`, async () => {
      const { next, say } = await joined(prefix)
      say(`42${prefix}456["message-with-ack",1,"2"]`)
      assert.equal(await next(), `43${prefix}456[1,"2"]`)
      say(`451-${prefix}789["message-with-ack",{"_placeholder":true,"num":0}]`, Buffer.from([7]))
      assert.equal(await next(), `461-${prefix}789[{"_placeholder":true,"num":0}]`)
      assert.deepEqual(await next(), Buffer.from([7]))
      say(`42${prefix}["ask"]`)
      const [, id] = /^42(?:\/custom,)?(\d+)\["question",1\]$/.exec(String(await next()))!
      say(`43${prefix}${id}["yes"]`)
      assert.equal(await next(), `42${prefix}["answer","yes"]`)
    })

    test(`a client leaves ${namespace}, or is told to`, async () => {
      const { next, say } = await joined(prefix)
      say(`42${prefix}["leave",false]`)
      assert.equal(await next(), `41${prefix}`)
      const other = await joined(prefix)
      other.say(`41${prefix}`, '40/closed,')
      assert.match(String(await other.next()), /^44\/closed,/)
    })
  }

  test('a namespace that is not there, or refuses, says so', async () => {
    const { next, say } = await speak()
    say('40/random')
    assert.equal(await next(), '44/random,{"message":"Invalid namespace"}')
    say('40/closed,')
    assert.equal(await next(), '44/closed,{"message":"closed","data":{"why":"late"}}')
  })

  test('a client that joins no namespace, or begins with another packet, is disconnected', async () => {
    const { address, close } = await openSockets(variant, { connectTimeout: 200 })
    const url = `${address.url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`
    for (const first of [undefined, '4abc', '42["message"]', '40{', '40["list"]']) {
      const socket = new WebSocket(url, { rejectUnauthorized: false })
      sockets.push(socket)
      await once(socket, 'open')
      if (first !== undefined) socket.send(first)
      await once(socket, 'close')
    }
    await close()
  })

  test('two namespaces share a connection, and one is left alone', async () => {
    const { next, say } = await joined()
    say('40/custom,')
    await next()
    await next()
    say('41', '42/custom,["message","a"]')
    assert.equal(await next(), '42/custom,["message-back","a"]')
  })

  test('a client that is disconnected whole has its connection closed', async () => {
    const { say, socket } = await joined()
    say('42["leave",true]')
    await once(socket, 'close')
  })

  for (const [what, packet] of [
    ['of no type', '4abc'],
    ['with a reserved event', '42["connect"]'],
    ['that is not JSON', '42{'],
    ['without the name of an event', '42[]'],
    ['with too many attachments', `4510000-["message",{"_placeholder":true,"num":0}]`],
    ['with a negative attachment', '451-["message",{"_placeholder":true,"num":-1}]'],
  ] as const) {
    test(`a packet ${what} closes the connection`, async () => {
      const { say, socket } = await joined()
      say(packet)
      if (what === 'with a negative attachment') say(Buffer.from([1]))
      await once(socket, 'close')
    })
  }

  test('bytes that nobody announced close the connection', async () => {
    const { say, socket } = await joined()
    say(Buffer.from([1]))
    await once(socket, 'close')
  })
})
