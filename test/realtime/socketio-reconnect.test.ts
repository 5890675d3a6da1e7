import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { connect, type Socket } from 'socket.io-client'
import { Front } from '../lifecycle/_restarting.js'
import { until } from '../transports/_server.js'
import { openSockets, type SocketApp, socketVariants, told } from './_socketio.js'

interface Pair {
  readonly client: (namespace: string) => Socket
  readonly first: SocketApp
  readonly second: SocketApp
}

/** What engine.io has of each client. */
function engineClients({
  io,
}: SocketApp): Readonly<Record<string, { readonly transport: { readonly writable: boolean } }>> {
  return Reflect.get(io.engine, 'clients')
}

for (const variant of socketVariants.filter(({ protocol }) => protocol === 'http')) {
  const { name, skip } = variant
  describe(`clients of Socket.IO, when their app on ${name} closes`, { skip, timeout: 60_000 }, () => {
    for (const transport of ['polling', 'websocket']) {
      /** Two apps behind a front that gives new connections to the second. */
      const begin = async (): Promise<Pair> => {
        const first = await openSockets(variant)
        const second = await openSockets(variant)
        const front = await Front.open()
        front.to(first.address.port)
        const clients: Socket[] = []
        for (const { io } of [first, second]) io.of('/other')
        after(async () => {
          for (const client of clients) client.disconnect()
          front.close()
          await Promise.all([first.close(), second.close()])
        })
        const client = (namespace: string): Socket => {
          const made = connect(`http://127.0.0.1:${front.port}${namespace}`, {
            forceNew: true,
            reconnectionDelay: 10,
            transports: [transport],
          })
          clients.push(made)
          return made
        }
        const { close } = first.app
        first.app.close = (options) => {
          front.to(second.address.port)
          return Reflect.apply(close, first.app, [options])
        }
        return { client, first, second }
      }

      test(`take that for a broken connection, and connect to the next one, by ${transport}`, async () => {
        const { client: open, first, second } = await begin()
        const client = open('/')
        await told(client, 'connect')
        const reason = told<string>(client, 'disconnect')
        await first.app.close()
        assert.ok(!['io client disconnect', 'io server disconnect'].includes(await reason), `${await reason}`)
        await until(() => second.io.sockets.sockets.size === 1, 'the client at the second app', 10_000)
      })

      test(`stay away where they are told so, by ${transport}`, async () => {
        const { client: open, first, second } = await begin()
        const clients = ['/', '/other'].map(open)
        await Promise.all(clients.map((client) => told(client, 'connect')))
        // Who polls is told by the poll that waits: the next one may go to another app.
        await until(() => Object.values(engineClients(first)).every(({ transport: { writable } }) => writable), 'polls')
        const reasons = clients.map((client) => told(client, 'disconnect'))
        await first.app.close({ reconnect: false })
        assert.deepEqual(await Promise.all(reasons), ['io server disconnect', 'io server disconnect'])
        const later = open('/')
        await told(later, 'connect')
        assert.equal(second.io.engine.clientsCount, 1)
        assert.deepEqual(
          clients.map(({ active }) => active),
          [false, false],
        )
      })
    }
  })
}
