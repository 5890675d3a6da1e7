// CommonJS in both builds, for a `require` that can wait: the library takes as long to load as all the rest, and an app
// without sockets needs none of it.
import type { ServerOptions, Server as SocketIo } from 'socket.io'

interface Libraries {
  /** The adapter within one process; of the package that the server uses: another could be beside it. */
  readonly Adapter: Extract<NonNullable<ServerOptions['adapter']>, new (nsp: never) => unknown>
  /** Where the library's own client stands, built for pages. */
  readonly clientFolder: string
  readonly Server: typeof SocketIo
}

/** The server of Socket.IO, loaded when it is first needed. */
function loadSocketIo(): Libraries {
  const { createRequire } = require('node:module') as typeof import('node:module')
  const { Server } = require('socket.io') as Pick<Libraries, 'Server'>
  const main = require.resolve('socket.io')
  const { Adapter } = createRequire(main)('socket.io-adapter') as Pick<Libraries, 'Adapter'>
  return { Adapter, clientFolder: main.replace(/dist[\\/]index\.js$/, 'client-dist'), Server }
}

export = loadSocketIo
