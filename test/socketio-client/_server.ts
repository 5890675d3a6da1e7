import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { Server, type ServerOptions } from 'socket.io'

/** The official server on one of Node's, until the tests of the file are over. */
export interface Running {
  readonly http: HttpServer
  readonly io: Server
  readonly url: string
}

interface TlsMaterial {
  readonly ca?: string
  readonly cert: string
  readonly key: string
  readonly requestCert?: boolean
}

// At the root of the file: in a hook of a suite it would be over with the hook.
const running: Server[] = []
after(() => Promise.all(running.map((io) => io.close())))

/** Serves until the tests of the file are over. */
export async function serveSocketIo(
  set: (io: Server) => void,
  options: Partial<ServerOptions> & { readonly port?: number; readonly tls?: TlsMaterial } = {},
): Promise<Running> {
  const { port = 0, tls, ...others } = options
  const http = tls === undefined ? createServer() : createTlsServer(tls)
  const io = new Server(http, { serveClient: false, ...others })
  set(io)
  http.listen(port, '127.0.0.1')
  await once(http, 'listening')
  running.push(io)
  const { port: taken } = http.address() as AddressInfo
  return { http, io, url: `http${tls === undefined ? '' : 's'}://127.0.0.1:${taken}` }
}

/** Ends all connections of a server as a network would, with clients that come again. */
export function loseAll(io: Server): void {
  const { clients } = io.engine as unknown as { readonly clients: Readonly<Record<string, { close(): void }>> }
  for (const client of Object.values(clients)) client.close()
}
