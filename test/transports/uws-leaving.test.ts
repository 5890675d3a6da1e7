import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { Hotpress } from '../../src/index.js'
import { whenLeft } from '../../src/transports/uws-leaving.js'
import { variantNamed } from '../_setup.js'
import { frame, Opcode, RawClient } from '../contract/_web-socket.js'

const minute = 60_000

describe('whenLeft()', { skip: process.platform === 'linux' ? false : 'what is told by Linux alone' }, () => {
  for (const host of ['127.0.0.1', '::1']) {
    test(`waits for who has not closed, and for no longer: ${host}`, async (context) => {
      const server = createServer({ allowHalfOpen: true }).listen(0, host)
      const failed = await Promise.race([once(server, 'listening').then(() => false), once(server, 'error')])
      if (failed !== false) return context.skip('the system does not speak it')
      const { port } = server.address() as AddressInfo
      const accepted = once(server, 'connection') as Promise<[Socket]>
      const client = connect({ allowHalfOpen: true, host, port })
      const [socket] = await accepted
      // One that nothing was closed to is not waited for.
      await whenLeft(port, performance.now() + minute)
      socket.end()
      client.resume()
      await once(client, 'end')
      let hasClosed = false
      const left = whenLeft(port, performance.now() + minute).then(() => assert.ok(hasClosed))
      socket.resume()
      await new Promise((resolve) => setTimeout(resolve, 30))
      hasClosed = true
      client.end()
      await left
      server.close()
    })
  }

  test('waits for no longer than it may', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => void socket.end()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const client = connect({ allowHalfOpen: true, host: '127.0.0.1', port }).resume()
    await once(client, 'end')
    await whenLeft(port, performance.now() + 20)
    client.destroy()
    server.close()
  })
})

describe('uws: an app that closes', { skip: variantNamed('uws').skip }, () => {
  test('has its WebSockets told, also those that take nothing for now', async () => {
    const app = new Hotpress({ logger: false, transport: 'uws' })
    app.ws('/', { message: (socket) => void socket.send('x'.repeat(500_000)) })
    const { port } = await app.listen()
    const open = async (): Promise<RawClient> => {
      const socket = connect(port, '127.0.0.1')
      const key = `Sec-WebSocket-Key: ${'A'.repeat(22)}==`
      socket.write(
        `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${key}\r\n\r\n`,
      )
      const [head] = (await once(socket, 'data')) as [Buffer]
      assert.match(head.toString('latin1'), /^HTTP\/1.1 101 /)
      return new RawClient(socket, { headers: new Headers(), status: 101 }, Buffer.alloc(0))
    }
    const [idle, busy] = [await open(), await open()]
    busy.send(frame(Opcode.text, 'go'))
    assert.equal((await busy.text())?.length, 500_000)
    busy.duplex.pause()
    busy.send(frame(Opcode.text, 'go'), frame(Opcode.text, 'go'))
    const closed = app.close()
    assert.equal(await idle.closed(), 1001)
    busy.duplex.resume()
    await idle.ended()
    await busy.ended()
    await closed
  })
})
