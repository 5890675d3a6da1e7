import { expectTypeOf } from 'expect-type'
import { connect, connectTo, connectToWithAuth, connectWithAuth, type SocketIoClient } from 'hotpress/socketio-client'

interface ServerEvents {
  said(name: string, text: string): void
}
interface ClientEvents {
  say(text: string, done: (at: number) => void): void
  leave(): void
}

const url = 'http://127.0.0.1:3000'
const socket = await connect<ServerEvents, ClientEvents>(url, { ackTimeout: '5s', transports: ['websocket'] })
expectTypeOf(socket).toEqualTypeOf<SocketIoClient<ServerEvents, ClientEvents>>()
socket.on('said', (name, text) => {
  expectTypeOf([name, text]).toEqualTypeOf<string[]>()
})
socket.on('disconnect', (reason) => {
  expectTypeOf(reason).toExtend<string>()
})
expectTypeOf(await socket.emitWithAck('say', 'Hello')).toEqualTypeOf<number>()
expectTypeOf(await socket.timeout(100).emitWithAck('say', 'Hello')).toEqualTypeOf<number>()
expectTypeOf(await socket.compress(false).emitWithAck('say', 'Hello')).toEqualTypeOf<number>()
socket.emit('leave')
socket.volatile.emit('leave')
socket.emit('say', 'Hello', (error, at) => {
  expectTypeOf(error).toEqualTypeOf<Error | null>()
  expectTypeOf(at).toEqualTypeOf<number>()
})
// @ts-expect-error an event that the server does not have
socket.emit('shout', 'Hello')
// @ts-expect-error an argument of another type
socket.emit('say', 7)
// @ts-expect-error an argument too many
await socket.emitWithAck('say', 'Hello', 7)
// @ts-expect-error an event that does not come
socket.on('shouted', () => {})

const any = await connect(new URL(url))
any.on('anything', (_one: string, _two: number) => {})
any.emit('anything', 1, 'two')
expectTypeOf(await any.emitWithAck('anything', 1)).toBeUnknown()

await connectTo<ServerEvents, ClientEvents>(url, '/admin')
await connectWithAuth(url, { token: 'x' })
await connectWithAuth(url, async () => ({ token: 'x' }))
await connectToWithAuth(url, '/admin', () => ({ token: 'x' }), { signal: AbortSignal.timeout(1000) })
// @ts-expect-error
await connectWithAuth(url, 'x')
// @ts-expect-error
await connect(url, { auth: { token: 'x' } })
