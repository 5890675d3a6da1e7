// What the load says to servers of Socket.IO, and to those of plain WebSockets; and how it knows what they say.
import { frameOf } from './sockets.mjs'

/**
 * @typedef {object} RealtimeProtocol
 * @property {Buffer} broadcast asks the server to tell everybody
 * @property {Buffer} echo asks for an answer
 * @property {string} path
 * @property {(socket: import('./sockets.mjs').LoadSocket) => Promise<void>} greet until it may be used
 * @property {(socket: import('./sockets.mjs').LoadSocket, payload: Buffer, start: number) => boolean} isMessage
 *   whether what came is an answer or a broadcast; a heartbeat is answered
 */

const text = 'x'.repeat(32)
const [ping, message, connected] = ['2', '4', '0'].map((kind) => kind.charCodeAt(0))

/** Version 4 of Engine.IO, and 5 of Socket.IO. */
const packets = {
  broadcast: frameOf(`42["broadcast","${text}"]`),
  connect: frameOf('40'),
  echo: frameOf(`42["echo","${text}"]`),
  pong: frameOf('3'),
}

/** @type {Readonly<Record<'socketio' | 'websocket', RealtimeProtocol>>} */
export const realtimeProtocols = {
  socketio: {
    broadcast: packets.broadcast,
    echo: packets.echo,
    greet: (socket) =>
      new Promise((resolve) => {
        socket.onFrame((payload, start) => {
          if (payload[start] === connected) socket.send(packets.connect)
          else if (payload[start] === message && payload[start + 1] === connected) resolve()
        })
      }),
    isMessage: (socket, payload, start) => {
      if (payload[start] === ping) socket.send(packets.pong)
      return payload[start] === message
    },
    path: '/socket.io/?EIO=4&transport=websocket',
  },
  websocket: {
    broadcast: frameOf('broadcast'),
    echo: frameOf(text),
    greet: async () => {},
    isMessage: () => true,
    path: '/ws',
  },
}
