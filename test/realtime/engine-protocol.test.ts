// Engine.IO, revision 4 of the protocol, spoken by hand: what the official client never sends is answered as well.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { WebSocket } from 'ws'
import { http1Client } from '../_clients.js'
import type { Variant } from '../_variants.js'
import { onEverySocketTransport, openSockets, type SocketApp } from './_socketio.js'

interface Session {
  readonly maxPayload: number
  readonly pingInterval: number
  readonly pingTimeout: number
  readonly sid: string
  readonly upgrades: readonly string[]
}

const timing = { maxHttpBufferSize: 100_000, pingInterval: 300, pingTimeout: 1500 }

/** However it ends: a refused handshake is an error first. */
function closed(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState === WebSocket.CLOSED) resolve()
    else socket.once('close', () => resolve())
  })
}

onEverySocketTransport('the protocol of Engine.IO', (variant: Variant) => {
  let started: Promise<SocketApp> | undefined
  const app = (): Promise<SocketApp> => {
    started ??= openSockets(variant, timing, (io) => {
      io.on('connection', (socket) => socket.on('echo', (...given) => socket.emit('echo', ...given)))
    })
    return started
  }
  const begun: { close(): void }[] = []
  after(async () => {
    for (const each of begun) each.close()
    await (await started)?.close()
  })

  async function ask(
    query: string,
    init: { body?: string | Buffer; headers?: Record<string, string>; method?: string } = {},
  ) {
    const client = http1Client((await app()).address.url)
    begun.push(client)
    const answer = await client.fetch(`/socket.io/?${query}`, init)
    return { headers: answer.headers, status: answer.status, text: await answer.text() }
  }

  async function open(): Promise<Session> {
    const { status, text } = await ask('EIO=4&transport=polling')
    assert.equal(status, 200)
    assert.equal(text[0], '0')
    return JSON.parse(text.slice(1)) as Session
  }

  async function until(
    isSo: (session: { readonly transport: { readonly writable: boolean } } | undefined) => boolean,
    sid: string,
  ): Promise<void> {
    const { clients } = (await app()).io.engine as unknown as {
      readonly clients: Record<string, Parameters<typeof isSo>[0]>
    }
    while (!isSo(clients[sid])) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  /** A poll waits at the server. */
  const polled = (sid: string) => until((session) => session?.transport.writable === true, sid)
  const ended = (sid: string) => until((session) => session === undefined, sid)

  const poll = (sid: string) => ask(`EIO=4&transport=polling&sid=${sid}`)
  const post = (sid: string, body: string) =>
    ask(`EIO=4&transport=polling&sid=${sid}`, {
      body,
      headers: { 'content-type': 'text/plain;charset=UTF-8' },
      method: 'POST',
    })

  async function connect(
    query = '',
  ): Promise<{ readonly messages: AsyncIterator<string | Buffer>; readonly socket: WebSocket }> {
    const { url } = (await app()).address
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket${query}`, {
      rejectUnauthorized: false,
    })
    begun.push({ close: () => socket.terminate() })
    const waiting: (string | Buffer)[] = []
    let wake = (): void => {}
    socket.on('message', (data, isBinary) => {
      waiting.push(isBinary ? (data as Buffer) : String(data))
      wake()
    })
    await once(socket, 'open')
    async function* messages(): AsyncGenerator<string | Buffer, void, undefined> {
      for (;;) {
        while (waiting.length > 0) yield waiting.shift()!
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
    return { messages: messages(), socket }
  }

  const next = async (messages: AsyncIterator<string | Buffer>): Promise<string | Buffer> =>
    (await messages.next()).value!

  test('polling: a handshake tells the session and its limits', async () => {
    const { headers, text } = await ask('EIO=4&transport=polling')
    assert.match(headers.get('content-type')!, /^text\/plain; charset=UTF-8$/i)
    const { sid, ...rest } = JSON.parse(text.slice(1)) as Session
    assert.match(sid, /^[\w-]{20}$/)
    assert.deepEqual(rest, { maxPayload: 100_000, pingInterval: 300, pingTimeout: 1500, upgrades: ['websocket'] })
  })

  for (const [what, query] of [
    ['without a version', 'transport=polling'],
    ['of another version', 'EIO=abc&transport=polling'],
    ['without a transport', 'EIO=4'],
    ['by an unknown transport', 'EIO=4&transport=abc'],
  ] as const) {
    test(`polling: a handshake ${what} is refused`, async () => assert.equal((await ask(query)).status, 400))
    test(`WebSocket: a handshake ${what} is refused`, async () => {
      const { url } = (await app()).address
      const socket = new WebSocket(
        `${url.replace(/^http/, 'ws')}/socket.io/?${query.replace('polling', 'websocket')}`,
        {
          rejectUnauthorized: false,
        },
      )
      socket.on('error', () => {})
      // Of some the library learns when the socket is open.
      await closed(socket)
      assert.equal(socket.readyState, WebSocket.CLOSED)
    })
  }

  test('polling: a handshake by another method is refused', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      assert.equal((await ask('EIO=4&transport=polling', { method })).status, 400, method)
    }
  })

  test('polling: a request of WebSocket without an upgrade is refused', async () => {
    assert.equal((await ask('EIO=4&transport=websocket')).status, 400)
  })

  test('polling: an unknown session is refused', async () => {
    for (const sid of ['abc', '__proto__', 'constructor']) {
      assert.equal((await poll(sid)).status, 400, sid)
      assert.equal((await post(sid, '4')).status, 400, sid)
    }
  })

  test('polling: heartbeats are answered, and go on', async () => {
    const { sid } = await open()
    for (let at = 0; at < 2; at++) {
      assert.equal((await poll(sid)).text, '2')
      assert.deepEqual([(await post(sid, '3')).text], ['ok'])
    }
  })

  test('polling: a session without heartbeats ends', async () => {
    const { sid } = await open()
    assert.equal((await poll(sid)).text, '2')
    await ended(sid)
    assert.equal((await poll(sid)).status, 400)
  })

  test('polling: a close packet ends the session, and its poll with a noop', async () => {
    const { sid } = await open()
    const [answer, posted] = await Promise.all([poll(sid), polled(sid).then(() => post(sid, '1'))])
    assert.deepEqual([answer.status, answer.text, posted.text], [200, '6', 'ok'])
    assert.equal((await poll(sid)).status, 400)
  })

  test('polling: a malformed packet ends the session', async () => {
    const { sid } = await open()
    await post(sid, 'abc')
    assert.equal((await poll(sid)).status, 400)
  })

  test('polling: a second poll beside the first ends the session', async () => {
    const { sid } = await open()
    const first = poll(sid)
    await polled(sid)
    assert.equal((await poll(sid)).status, 400)
    assert.equal((await first).text, '1')
    assert.equal((await poll(sid)).status, 400)
  })

  test('polling: a poll that is cancelled ends the session', async () => {
    const { sid } = await open()
    const client = http1Client((await app()).address.url)
    const cancelled = client.fetch(`/socket.io/?EIO=4&transport=polling&sid=${sid}`).catch(() => {})
    await polled(sid)
    client.close()
    await cancelled
    await ended(sid)
    assert.equal((await poll(sid)).status, 400)
  })

  test('polling: a payload has one packet or several, texts and bytes in Base64, both ways', async () => {
    const { sid } = await open()
    assert.equal((await post(sid, '40')).text, 'ok')
    assert.match((await poll(sid)).text, /^40\{"sid":"[\w-]+","pid":"[\w-]+"\}$|^40\{"sid":"[\w-]+"\}$/)
    await post(sid, '42["echo","grüß dich"]')
    assert.equal((await poll(sid)).text, '42["echo","grüß dich"]')
    const bytes = '451-["echo",{"_placeholder":true,"num":0}]\u001ebAQIDBA=='
    const payload = ['42["echo",1]', bytes, '42["echo",2]'].join('\u001e')
    const back: string[] = []
    await post(sid, payload)
    while (back.join('\u001e').length < payload.length) {
      const { text } = await poll(sid)
      back.push(text)
      if (text === '2') {
        back.pop()
        await post(sid, '3')
      }
    }
    assert.equal(back.join('\u001e'), payload)
  })

  test('WebSocket: texts and bytes go both ways', async () => {
    const { messages, socket } = await connect()
    await next(messages)
    socket.send('40')
    await next(messages)
    socket.send('42["echo","grüß dich"]')
    assert.equal(await next(messages), '42["echo","grüß dich"]')
    socket.send('451-["echo",{"_placeholder":true,"num":0}]')
    socket.send(Buffer.from([1, 2, 3, 4]))
    assert.equal(await next(messages), '451-["echo",{"_placeholder":true,"num":0}]')
    assert.deepEqual(await next(messages), Buffer.from([1, 2, 3, 4]))
    socket.close()
  })

  test('polling: bytes for text, and more than the limit, are refused', async () => {
    const { sid } = await open()
    const octets = { 'content-type': 'application/octet-stream' }
    const sent = await ask(`EIO=4&transport=polling&sid=${sid}`, { body: 'x', headers: octets, method: 'POST' })
    assert.equal(sent.status, 400)
    const other = await open()
    assert.equal((await post(other.sid, `4${'x'.repeat(100_000)}`)).status, 413)
  })

  test('WebSocket: a handshake tells the session, with nothing to upgrade to', async () => {
    const { messages } = await connect()
    const first = String(await next(messages))
    assert.equal(first[0], '0')
    assert.deepEqual((JSON.parse(first.slice(1)) as Session).upgrades, [])
  })

  test('WebSocket: heartbeats go on where they are answered, and end the session where not', async () => {
    const { messages, socket } = await connect()
    await next(messages)
    for (let at = 0; at < 2; at++) {
      assert.equal(await next(messages), '2')
      socket.send('3')
    }
    assert.equal(await next(messages), '2')
    await closed(socket)
  })

  for (const [what, packet] of [
    ['a close packet', '1'],
    ['a malformed packet', 'abc'],
    ['a ping of the client', '2'],
    ['a message above the limit', `4${'x'.repeat(100_000)}`],
  ] as const) {
    test(`WebSocket: ${what} ends the session`, async () => {
      const { messages, socket } = await connect()
      await next(messages)
      if (packet === '1') socket.close()
      else socket.send(packet)
      await closed(socket)
    })
  }

  test('upgrade: probe, upgrade and messages, with the open poll released', async () => {
    const { sid } = await open()
    const held = poll(sid)
    const { messages, socket } = await connect(`&sid=${sid}`)
    socket.send('2probe')
    assert.equal(await next(messages), '3probe')
    assert.equal((await held).text, '6')
    socket.send('5')
    socket.send('40')
    assert.match(String(await next(messages)), /^40\{"sid":/)
    assert.equal((await poll(sid)).status, 400)
  })

  test('upgrade: one of an unknown session, and a second one, are refused', async () => {
    const { url } = (await app()).address
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket&sid=abc`, {
      rejectUnauthorized: false,
    })
    socket.on('error', () => {})
    await closed(socket)
    const { sid } = await open()
    const first = await connect(`&sid=${sid}`)
    first.socket.send('2probe')
    assert.equal(await next(first.messages), '3probe')
    const second = await connect(`&sid=${sid}`)
    await closed(second.socket)
    first.socket.send('5')
  })

  test('upgrade: a packet that is no probe ends it', async () => {
    const { sid } = await open()
    const { socket } = await connect(`&sid=${sid}`)
    socket.send('4x')
    await closed(socket)
  })
})
