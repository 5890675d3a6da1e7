import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as requestHttps } from 'node:https'
import { connect, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { bytes, type Hotpress, stream } from '../../src/index.js'
import { nativeTransport } from '../../src/transports/native.js'
import { raw, start } from '../_setup.js'
import { connectInPieces } from './_records.js'
import { ChildServer, until } from './_server.js'

const skip = (await nativeTransport.load()) ?? false
const get = (path: string, ...fields: readonly string[]): string =>
  `${[`GET ${path} HTTP/1.1`, 'Host: h', ...fields].join('\r\n')}\r\n\r\n`

async function* forever(): AsyncGenerator<Uint8Array> {
  for (;;) {
    await sleep(1)
    yield new Uint8Array(1000)
  }
}

let aborted = 0

function build(app: Hotpress): void {
  app.get('/', () => 'root')
  app.get('/forever', () => stream(forever()))
  app.get('/large', () => bytes(new Uint8Array(30 * 1024 ** 2)))
  app.get('/until-gone', async (req) => {
    await once(req.signal, 'abort')
    aborted++
    return 'nobody reads this'
  })
  app.get('/protocol', (req) => `${req.protocol} ${req.ip}`)
  app.post('/echo', (req) => req.bytes())
  app.post('/size', async (req) => String((await req.bytes()).byteLength))
}

async function open(port: number): Promise<TLSSocket> {
  const socket = connectTls({ ALPNProtocols: ['http/1.1'], host: '127.0.0.1', port, rejectUnauthorized: false })
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  return socket
}

/** All that comes until the end, which is answered. */
async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.on('end', () => socket.end())
  socket.on('data', (part) => {
    text += part.toString('latin1')
  })
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return text
}

/** Types of the records in what came over a socket. */
function typesOf(records: Buffer): number[] {
  const types: number[] = []
  for (let at = 0; at + 5 <= records.length; at += 5 + records.readUInt16BE(at + 3)) types.push(records[at]!)
  return types
}

describe('native: TLS in the event loop', { skip }, () => {
  // TLS 1.2 shows of what kind a record is.
  const recordsOf = async (port: number, requests: string): Promise<{ text: string; types: number[] }> => {
    const { below, socket } = connectInPieces(port, () => 65_536, 'TLSv1.2')
    const received: Buffer[] = []
    below.on('data', (part) => received.push(part))
    await once(socket, 'secureConnect')
    socket.write(requests)
    const text = await readAll(socket)
    return { text, types: typesOf(Buffer.concat(received)) }
  }

  test('says that it ends before it does', async () => {
    const { address } = await start('native+tls', build)
    const { text, types } = await recordsOf(address.port, get('/', 'Connection: close'))
    assert.match(text, /root$/)
    assert.deepEqual(types.slice(-2), [23, 21], `the records are ${types}`)
  })

  test('seals answers that gather as one', async () => {
    const { address } = await start('native+tls', build)
    const { text, types } = await recordsOf(address.port, get('/').repeat(19) + get('/', 'Connection: close'))
    assert.equal(text.match(/HTTP\/1\.1 200/g)?.length, 20)
    assert.equal(types.filter((type) => type === 23).length, 1, `the records are ${types}`)
  })

  test('takes bodies of a megabyte, whatever pieces they come in', async () => {
    const { address } = await start('native+tls', build)
    for (const size of [70_000, 16_384, 1000]) {
      const { socket } = connectInPieces(address.port, () => size)
      const body = Buffer.alloc(1_000_000, size % 251)
      await once(socket, 'secureConnect')
      socket.write(`POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`)
      socket.write(body)
      const text = await readAll(socket)
      assert.ok(text.endsWith(body.toString('latin1')), `pieces of ${size}`)
    }
  })

  test('a body that is cut off is none', async () => {
    const { address } = await start('native+tls', build)
    const head = 'POST /size HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf'
    for (const isTold of [false, true]) {
      const { below, socket } = connectInPieces(address.port, () => 10_000)
      await once(socket, 'secureConnect')
      await new Promise<void>((resolve) => socket.write(head, () => resolve()))
      const all = readAll(socket)
      if (isTold) socket.end()
      else below.end()
      assert.equal(await all, '')
    }
    assert.match((await raw(address.port, get('/', 'Connection: close'), 1000, true)).text, /root$/)
  })

  test('a client that is gone aborts its request', async () => {
    const { address } = await start('native+tls', build)
    aborted = 0
    for (const leave of [(socket: TLSSocket) => socket.destroy(), (socket: TLSSocket) => socket.end()]) {
      const before = aborted
      const socket = await open(address.port)
      socket.write(get('/until-gone'))
      await sleep(20)
      leave(socket)
      await until(() => aborted === before + 1, 'the signal')
      socket.destroy()
    }
  })

  test('a record that was tampered with ends the connection with an alert, and no other', async () => {
    const { address } = await start('native+tls', build)
    const other = await open(address.port)
    const below = connect(address.port, '127.0.0.1')
    const socket = connectTls({ rejectUnauthorized: false, socket: below })
    let failure: NodeJS.ErrnoException | undefined
    socket.on('error', (error) => {
      failure = error
    })
    await once(socket, 'secureConnect')
    // A record of the right form with nothing right in it.
    below.write(Buffer.concat([Buffer.from([23, 3, 3, 0, 40]), Buffer.alloc(40, 1)]))
    await readAll(socket)
    assert.match(String(failure), /bad record mac/i)
    other.write(get('/', 'Connection: close'))
    assert.match(await readAll(other), /root$/)
  })

  test('a slow reader holds up nobody but itself', async () => {
    const { address } = await start('native+tls', build)
    const slow = await open(address.port)
    slow.pause()
    slow.write(get('/large').repeat(3))
    await sleep(30)
    assert.match((await raw(address.port, get('/', 'Connection: close'), 1000, true)).text, /root$/)
    let size = 0
    slow.on('data', (part) => {
      size += part.length
    })
    slow.resume()
    await until(() => size > 3 * 30 * 1024 ** 2, 'all three', 20_000)
    slow.destroy()
  })

  test('a client that takes nothing for writeTimeout is cut off', async () => {
    const { address } = await start('native+tls', build, { writeTimeout: 300 })
    const socket = await open(address.port)
    socket.pause()
    socket.write(get('/large'))
    await sleep(1500)
    socket.resume()
    const text = await readAll(socket)
    assert.ok(text.length < 30 * 1024 ** 2)
  })

  test('renegotiation is refused', async () => {
    const { address } = await start('native+tls', build)
    const socket = connectTls({ maxVersion: 'TLSv1.2', port: address.port, rejectUnauthorized: false })
    socket.on('error', () => {})
    await once(socket, 'secureConnect')
    const refused = await new Promise<Error | null>((resolve) => {
      if (!socket.renegotiate({}, resolve)) resolve(new Error('not even asked'))
      socket.once('close', () => resolve(new Error('closed')))
    })
    assert.ok(refused !== null)
    socket.destroy()
  })

  test('an idle connection is closed with a word', async () => {
    const { address } = await start('native+tls', build, { idleTimeout: 300 })
    const socket = await open(address.port)
    let isTold = false
    socket.on('end', () => {
      isTold = true
    })
    socket.write(get('/'))
    assert.match(await readAll(socket), /root$/)
    assert.ok(isTold)
  })

  test('close() lets a request be answered, and says goodbye to who is idle', async () => {
    const { address, app } = await start('native+tls', build)
    const idle = await open(address.port)
    idle.write(get('/'))
    await once(idle, 'data')
    const closed = once(idle, 'close')
    await app.close()
    await closed
    await assert.rejects(open(address.port))
  })

  test('requests of https have their protocol and address', async () => {
    const { address } = await start('native+tls', build)
    const text = await new Promise<string>((resolve, reject) => {
      const options = { host: '127.0.0.1', path: '/protocol', port: address.port, rejectUnauthorized: false }
      const request = requestHttps({ ...options, agent: false }, async (res) => {
        let body = ''
        for await (const part of res.setEncoding('utf8')) body += part
        resolve(body)
      })
      request.on('error', reject).end()
    })
    assert.equal(text, 'https 127.0.0.1')
  })

  test('thousands that come and go leave nothing behind', async () => {
    const server = await ChildServer.start('native', undefined, 'https')
    try {
      const storm = async (count: number): Promise<void> => {
        let left = count
        await Promise.all(
          Array.from({ length: 30 }, async () => {
            while (left-- > 0) {
              const socket = connectTls({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false })
              const below = new Promise((resolve) => socket.once('close', resolve))
              socket.on('error', () => {})
              // Before, in and after the handshake, between requests and in the middle of one.
              const when = left % 5
              if (when === 0) await once(socket, 'connect').catch(() => {})
              else if (when > 1) await once(socket, 'secureConnect').catch(() => {})
              if (when === 3) socket.write(get('/stream'))
              if (when === 4) socket.write('POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf')
              if (when > 2) await new Promise(setImmediate)
              socket.destroy()
              await below
            }
          }),
        )
      }
      await storm(300)
      const first = await server.settled(() => true)
      await storm(1500)
      const half = await server.settled(({ descriptors }) => descriptors <= first.descriptors, 10_000)
      await storm(1500)
      const last = await server.settled(({ descriptors }) => descriptors <= first.descriptors, 10_000)
      assert.ok(last.descriptors <= first.descriptors, `${last.descriptors} descriptors, ${first.descriptors} before`)
      assert.equal(server.end, undefined)
      if (process.env.HOTPRESS_TEST_ASAN === '1') return
      assert.ok(last.rss - half.rss < 16 * 1024 ** 2, `${last.rss} bytes resident, ${half.rss} half way`)
    } finally {
      server.kill()
    }
  })
})
