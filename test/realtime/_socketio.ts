import { after, describe, test } from 'node:test'
import { connect, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'
import {
  type Address,
  Hotpress,
  type HotpressOptions,
  type SocketIoOptions,
  type SocketIoServer,
} from '../../src/index.js'
import { type Variant, type VariantName, variants } from '../_variants.js'

const names: readonly VariantName[] = ['native', 'native+tls', 'node', 'node+tls', 'uws', 'uws+tls']

/** The variants whose clients are those of HTTP/1.1. */
export const socketVariants: readonly Variant[] = variants.filter(({ name }) => names.includes(name))

/** An app with a server of Socket.IO that listens. */
export interface SocketApp {
  readonly address: Address
  readonly app: Hotpress
  /** Closes the app and its clients. */
  close(): Promise<void>
  readonly io: SocketIoServer
  /** A client by one of its transports; WebSocket where none is named. */
  connect(how?: Partial<ManagerOptions & SocketOptions>, namespace?: string): Socket
}

/** Starts one as a variant has it; it is closed, with its clients, after the test or hook that starts it. */
export async function startSockets(...given: Parameters<typeof openSockets>): Promise<SocketApp> {
  const started = await openSockets(...given)
  after(started.close)
  return started
}

/** The same, for whoever closes it. */
export async function openSockets(
  { listen, transport }: Variant,
  options: SocketIoOptions = {},
  build: (io: SocketIoServer, app: Hotpress) => void = () => {},
  appOptions: HotpressOptions = {},
): Promise<SocketApp> {
  const app = new Hotpress({ logger: false, transport, ...appOptions })
  const io = app.socketio(options as object)
  build(io, app)
  const address = await app.listen(listen)
  const clients: Socket[] = []
  return {
    address,
    app,
    close: async () => {
      for (const client of clients) client.disconnect()
      await app.close()
    },
    connect: (how = {}, namespace = '/') => {
      const client = connect(`${address.url}${namespace}`, {
        forceNew: true,
        reconnection: false,
        rejectUnauthorized: false,
        transports: ['websocket'],
        ...how,
      })
      clients.push(client)
      return client
    },
    io,
  }
}

/** Runs cases on every variant that speaks HTTP/1.1. */
export function onEverySocketTransport(name: string, cases: (variant: Variant) => void): void {
  describe(name, () => {
    for (const variant of socketVariants) {
      if (variant.skip !== false) test(variant.name, { skip: variant.skip })
      else describe(variant.name, () => cases(variant))
    }
  })
}

/** What a client is told next by an event; fails when it cannot connect. */
export function told<Value = unknown>(client: Socket, event: string): Promise<Value> {
  return new Promise((resolve, reject) => {
    client.once(event, resolve)
    if (event !== 'connect_error') client.once('connect_error', reject)
  })
}
