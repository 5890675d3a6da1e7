import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import v8 from 'node:v8'
import vm from 'node:vm'
import { Hotpress, type HttpRequest } from '../../src/index.js'
import { listeningTransports } from '../_setup.js'

v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc') as () => void

describe('a WebSocket keeps nothing of the request that it began with', () => {
  for (const { name, skip } of listeningTransports) {
    test(name, { skip }, async () => {
      const app = new Hotpress({ logger: false, transport: name })
      const began: WeakRef<HttpRequest>[] = []
      app.ws('/', {
        upgrade: (req) => {
          began.push(new WeakRef(req))
        },
      })
      const { port } = await app.listen()
      const sockets = await Promise.all(Array.from({ length: 10 }, () => open(port)))
      const left = (): number => began.filter((each) => each.deref() !== undefined).length
      assert.equal(began.length, 10)
      // The transport may know its last request.
      for (let turns = 0; left() > 1; turns++) {
        assert.ok(turns < 100, `${left()} of 10 are still there`)
        // What was looked at is kept for as long as this turn.
        await setImmediate()
        collect()
      }
      for (const socket of sockets) {
        assert.equal(socket.readyState, 'open')
        socket.destroy()
      }
      await app.close()
    })
  }
})

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13'
  socket.write(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n`)
  const [head] = (await once(socket, 'data')) as [Buffer]
  assert.match(head.toString('latin1'), /^HTTP\/1.1 101 /)
  return socket
}
