// CommonJS in both builds, for a `require` that can wait: the library takes as long to load as all the rest, and an app
// without sockets needs none of it.
import type { Server as SocketIo } from 'socket.io'

interface Libraries {
  /** Where the library's own client stands, built for pages. */
  readonly clientFolder: string
  readonly Server: typeof SocketIo
}

/** The server of Socket.IO, loaded when it is first needed. */
function loadSocketIo(): Libraries {
  const { Server } = require('socket.io') as Pick<Libraries, 'Server'>
  return { clientFolder: require.resolve('socket.io').replace(/dist[\\/]index\.js$/, 'client-dist'), Server }
}

export = loadSocketIo
