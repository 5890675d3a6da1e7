import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls, type SecureVersion, type TLSSocket } from 'node:tls'

/** A client of TLS, and the socket below it. */
export interface SecureClient {
  readonly below: Socket
  readonly socket: TLSSocket
}

/**
 * Opens a connection of TLS whose records go out in pieces, wherever they are cut.
 *
 * @param pieceSize how many bytes the next piece has, at least 1.
 */
export function connectInPieces(
  port: number,
  pieceSize: () => number,
  maxVersion: SecureVersion = 'TLSv1.3',
): SecureClient {
  const below = connect({ allowHalfOpen: true, host: '127.0.0.1', noDelay: true, port })
  const pieces = new Duplex({
    allowHalfOpen: true,
    destroy(error, callback) {
      below.destroy()
      callback(error)
    },
    final(callback) {
      below.end(callback)
    },
    read() {
      below.resume()
    },
    async write(chunk: Buffer, _encoding, callback) {
      for (let at = 0; at < chunk.byteLength && !below.destroyed; ) {
        const size = pieceSize()
        below.write(chunk.subarray(at, at + size))
        at += size
        if (at < chunk.byteLength) await new Promise(setImmediate)
      }
      callback()
    },
  })
  below.on('error', () => {})
  below.on('data', (chunk) => {
    if (!pieces.push(chunk)) below.pause()
  })
  below.on('end', () => pieces.push(null))
  below.on('close', () => pieces.destroy())
  pieces.on('error', () => {})
  const socket = connectTls({
    ALPNProtocols: ['http/1.1'],
    maxVersion,
    rejectUnauthorized: false,
    servername: 'localhost',
    socket: pieces,
  })
  socket.on('error', () => {})
  return { below, socket }
}
