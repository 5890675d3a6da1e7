import { expectTypeOf } from 'expect-type'
import { Hotpress, type HttpRequest, type RedisAdapterClient, redis } from 'hotpress'
import type { Cluster, Redis } from 'ioredis'
import type { Server } from 'socket.io'

interface ClientEvents {
  say(text: string, done: (at: number) => void): void
}
interface ServerEvents {
  said(name: string, text: string): void
}
interface Between {
  ping(at: number): void
}
interface Data {
  name: string
}

const app = new Hotpress()
const io = app.socketio<ClientEvents, ServerEvents, Between, Data>({ pingInterval: '20s' })

expectTypeOf(io).toExtend<Server<ClientEvents, ServerEvents, Between, Data>>()
io.emit('said', 'Ada', 'hello')
// @ts-expect-error the server has no such event
io.emit('told', 'Ada')
io.on('connection', (socket) => {
  expectTypeOf(socket.data.name).toEqualTypeOf<string>()
  socket.on('say', (text, done) => {
    expectTypeOf(text).toEqualTypeOf<string>()
    done(1)
  })
  // @ts-expect-error nobody has asked who it is
  socket.auth
})

io.useAuth((payload, { request }) => {
  expectTypeOf(payload).toEqualTypeOf<Readonly<Record<string, unknown>>>()
  expectTypeOf(request).toExtend<HttpRequest>()
  return { id: 7 }
}).on('connection', (socket) => {
  expectTypeOf(socket.auth).toEqualTypeOf<{ id: number }>()
  socket.emit('said', 'Ada', 'hello')
})

io.of('/admin')
  .useAuth(async () => 'root' as const)
  .on('connection', (socket) => {
    expectTypeOf(socket.auth).toEqualTypeOf<'root'>()
    expectTypeOf(socket.data.name).toEqualTypeOf<string>()
  })

// @ts-expect-error there is no such option
app.socketio({ pingIntervall: 1 })
app.socketio({ cors: { origins: 'https://app.example.com' }, path: '/other' })

app.socketio({ adapter: redis('redis://localhost'), path: '/by-url' })
app.socketio({ adapter: redis({ streams: true, url: 'redis://localhost' }), path: '/by-stream' })
expectTypeOf<Redis>().toExtend<RedisAdapterClient>()
expectTypeOf<Cluster>().toExtend<RedisAdapterClient>()
// @ts-expect-error a client or a URL, and not both forms of the argument
redis('redis://localhost', { streams: true })
// @ts-expect-error there is no such option
redis({ stream: true, url: 'redis://localhost' })
// @ts-expect-error that is no client
redis({ client: 7 })
