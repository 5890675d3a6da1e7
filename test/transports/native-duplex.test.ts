import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { NativeDuplex, type RawStream } from '../../src/transports/native-duplex.js'

/** A stream that notes what is done to it. */
class Noted implements RawStream {
  readonly calls: string[] = []
  hasRoom = true
  isSent = true
  readonly written: Buffer[] = []

  get text(): string {
    return Buffer.concat(this.written).toString('latin1')
  }

  cut(): void {
    this.calls.push('cut')
  }

  end(): boolean {
    this.calls.push('end')
    return this.isSent
  }

  pause(isPaused: boolean): void {
    this.calls.push(isPaused ? 'pause' : 'resume')
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(Buffer.from(bytes))
    return this.hasRoom
  }
}

function open(address: string | undefined = '192.0.2.1'): { duplex: NativeDuplex; stream: Noted } {
  const stream = new Noted()
  return { duplex: new NativeDuplex(stream, { address: () => address, isSecure: true }), stream }
}

test('hands on what comes, and holds the sender while nobody reads', async () => {
  const { duplex, stream } = open()
  const most = duplex.readableHighWaterMark
  duplex.onData(Buffer.alloc(most - 1))
  assert.deepEqual(stream.calls, [])
  duplex.onData(Buffer.alloc(1))
  assert.deepEqual(stream.calls, ['pause'])
  assert.equal(duplex.readableLength, most)
  assert.equal(duplex.read().length, most)
  assert.deepEqual(stream.calls, ['pause', 'resume'])
  assert.equal(duplex.bytesRead, most)
  duplex.onData(Buffer.from('last'))
  duplex.onEnd()
  let text = ''
  for await (const part of duplex) text += part
  assert.equal(text, 'last')
})

test('what was unshifted is read first', async () => {
  const { duplex } = open()
  duplex.onData(Buffer.from('b'))
  duplex.unshift(Buffer.from('a'))
  duplex.onEnd()
  duplex.setEncoding('latin1')
  assert.equal((await duplex.toArray()).join(''), 'ab')
})

test('has a writer wait until there is room', async () => {
  const { duplex, stream } = open()
  stream.hasRoom = false
  let isWritten = false
  duplex.write('one', () => {
    isWritten = true
  })
  duplex.write('two')
  duplex.write('three')
  await new Promise(setImmediate)
  assert.equal(isWritten, false)
  assert.equal(stream.text, 'one')
  stream.hasRoom = true
  duplex.onDrain()
  await new Promise(setImmediate)
  assert.equal(isWritten, true)
  assert.equal(stream.text, 'onetwothree')
  assert.equal(stream.written.length, 2, 'what has waited goes out as one')
  assert.equal(duplex.bytesWritten, 11)
})

test('what is corked goes out as one', async () => {
  const { duplex, stream } = open()
  duplex.cork()
  duplex.write('head')
  duplex.write(Buffer.from('content'))
  duplex.uncork()
  await new Promise(setImmediate)
  assert.deepEqual(stream.written.map(String), ['headcontent'])
})

test('each side ends by itself', async () => {
  const { duplex, stream } = open()
  duplex.resume()
  duplex.onEnd()
  await once(duplex, 'end')
  assert.equal(duplex.writable, true)
  duplex.end('answer')
  await once(duplex, 'close')
  assert.equal(stream.text, 'answer')
  assert.deepEqual(stream.calls.slice(0, 2), ['end', 'cut'])
})

test('destroySoon() waits until all is sent', async () => {
  const { duplex, stream } = open()
  stream.hasRoom = false
  stream.isSent = false
  duplex.write('answer')
  duplex.destroySoon()
  await new Promise(setImmediate)
  assert.deepEqual(stream.calls, [])
  duplex.onDrain()
  await new Promise(setImmediate)
  assert.deepEqual(stream.calls, ['end'])
  assert.equal(duplex.destroyed, false)
  duplex.onDrain()
  await once(duplex, 'close')
  assert.deepEqual(stream.calls, ['end', 'cut'])
})

test('a client that is gone is an error that needs no listener, and tells who waits to write', async () => {
  const { duplex, stream } = open()
  stream.hasRoom = false
  const failed = new Promise((resolve) => duplex.write('x', resolve))
  duplex.onGone()
  const error = await failed
  assert.equal((error as NodeJS.ErrnoException).code, 'ECONNRESET')
  assert.equal(duplex.destroyed, true)
  duplex.onData(Buffer.from('late'))
  duplex.onDrain()
  duplex.onEnd()
  duplex.onGone()
})

test('says whose it is for as long as it has known', () => {
  assert.equal(open().duplex.remoteAddress, '192.0.2.1')
  assert.equal(open().duplex.remoteFamily, 'IPv4')
  assert.equal(open('::1').duplex.remoteFamily, 'IPv6')
  const stream = new Noted()
  let address: string | undefined = '192.0.2.1'
  const duplex = new NativeDuplex(stream, { address: () => address, isSecure: false })
  assert.equal(duplex.remoteAddress, '192.0.2.1')
  address = undefined
  assert.equal(duplex.remoteAddress, '192.0.2.1')
  assert.equal(duplex.encrypted, false)
})

test('emits timeout when nothing has happened for long, and not after setTimeout(0)', async () => {
  const { duplex } = open()
  let times = 0
  const note = (): void => {
    times++
  }
  assert.equal(duplex.setTimeout(1, note), duplex)
  assert.equal(duplex.timeout, 1)
  // The timer of a stream keeps no process alive.
  const alive = setInterval(() => {}, 1000)
  await once(duplex, 'timeout')
  assert.equal(times, 1)
  duplex.setTimeout(1, note)
  duplex.setTimeout(0, note)
  assert.equal(duplex.listenerCount('timeout'), 0)
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(times, 1)
  clearInterval(alive)
  assert.equal(duplex.setNoDelay().setKeepAlive().ref().unref(), duplex)
})

test('is a connection to a server of node:http', async () => {
  const server = createServer((req, res) => {
    let body = ''
    req.setEncoding('latin1')
    req.on('data', (part) => {
      body += part
    })
    req.on('end', () => res.end(`${req.method} ${req.url} ${req.socket.remoteAddress} ${body}`))
  })
  const { duplex, stream } = open()
  server.emit('connection', duplex)
  duplex.onData(Buffer.from('POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel'))
  duplex.onData(Buffer.from('loGET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'))
  await once(duplex, 'close')
  assert.match(stream.text, /POST \/a 192\.0\.2\.1 helloHTTP\/1\.1 200 OK\r\n[\s\S]*GET \/b 192\.0\.2\.1 $/)
  assert.deepEqual(stream.calls.slice(-2), ['end', 'cut'])
})
