import { expectTypeOf } from 'expect-type'
import { empty, Hotpress, RouteGroup, type WebSocketConnection } from 'hotpress'

const app = new Hotpress()

app.ws('/rooms/:room', {
  upgrade: async (req) => {
    expectTypeOf(req.params).toEqualTypeOf<{ readonly room: string }>()
    if (req.params.room === '') return empty(404)
    return { name: 'Ada' }
  },
  close: (socket, code, reason) => {
    expectTypeOf(code).toEqualTypeOf<number>()
    expectTypeOf(reason).toEqualTypeOf<string>()
    expectTypeOf(socket.data.name).toEqualTypeOf<string>()
  },
  message: (socket, message) => {
    expectTypeOf(socket.data).toEqualTypeOf<{ name: string }>()
    expectTypeOf(socket.params).toEqualTypeOf<{ readonly room: string }>()
    expectTypeOf(message).toEqualTypeOf<Uint8Array | string>()
    expectTypeOf(socket.send('a', { compress: true })).toEqualTypeOf<boolean>()
  },
  options: { idleTimeout: '30s', origins: ['https://example.com'], subprotocols: ['chat'] },
})
app.ws('/plain', {
  message: (socket) => {
    expectTypeOf(socket).toEqualTypeOf<WebSocketConnection<undefined, Readonly<Record<never, string>>>>()
  },
})
const group = new RouteGroup({ prefix: '/teams/:team' })
group.ws('/:user', {
  open: async (socket) => {
    expectTypeOf(socket.params).toEqualTypeOf<{ readonly team: string; readonly user: string }>()
  },
})
app.publish('news', new Uint8Array(1))

// @ts-expect-error neither a text nor bytes
app.publish('news', { a: 1 })
// @ts-expect-error a handler that there is not
app.ws('/a', { receive: () => {} })
// @ts-expect-error an option of another kind
app.ws('/b', { options: { compression: 'yes' } })
