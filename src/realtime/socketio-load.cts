// CommonJS in both builds, for a `require` that can wait: the library takes as long to load as all the rest, and an app
// without sockets needs none of it.
import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Server as SocketIo } from 'socket.io'

interface StreamWebSockets extends EventEmitter {
  close(): void
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer, callback: (socket: unknown) => void): void
}

interface Libraries {
  /** Where the library's own client stands, built for pages. */
  readonly clientFolder: string
  readonly Server: typeof SocketIo
  /** Of the package ws, in the version that the server of Socket.IO uses: another could be beside it. */
  readonly WebSocketServer: new (
    options: object,
  ) => StreamWebSockets
}

/** The server of Socket.IO, loaded when it is first needed. */
function loadSocketIo(): Libraries {
  const { createRequire } = require('node:module') as typeof import('node:module')
  const { Server } = require('socket.io') as Pick<Libraries, 'Server'>
  const main = require.resolve('socket.io')
  const engine = createRequire(main).resolve('engine.io')
  const { Server: WebSocketServer } = createRequire(engine)('ws') as { Server: Libraries['WebSocketServer'] }
  return { clientFolder: main.replace(/dist[\\/]index\.js$/, 'client-dist'), Server, WebSocketServer }
}

export = loadSocketIo
