import { Buffer } from 'node:buffer'
import { createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import type { Deadlines } from '../core/deadlines.js'
import { HotpressError } from '../errors.js'
import type { NodeConnections } from './node-connections.js'
import type { NodeHttp2 } from './node-http2.js'
import { NodeCertificates } from './node-tls.js'
import type { CertificateSettings, TlsSettings } from './transport.js'

/** What the connections of a port are served by. */
export interface Protocols {
  readonly http1: NodeConnections
  /** Undefined where it is not offered. */
  readonly http2: NodeHttp2 | undefined
}

/** What a client begins HTTP/2 with (RFC 9113, 3.4). */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

/** A server whose connections are served by the protocol that each of them speaks. */
export interface ProtocolServer {
  readonly server: NetServer
  /** Closes connections that no protocol has yet. */
  closeWaiting(): void
  setCertificates?(settings: CertificateSettings): void
}

/**
 * Over TLS: HTTP/2 where the handshake has chosen it (ALPN), else HTTP/1.1.
 *
 * @throws HotpressError `CERTIFICATE_UNREADABLE`
 */
export function secureServer(settings: TlsSettings, { http1, http2 }: Protocols): ProtocolServer {
  const certificates = new NodeCertificates(settings)
  const waiting = new Map<string, Socket>()
  const server = guarded(() => {
    const made = createTlsServer({
      ...certificates.options,
      ALPNProtocols: http2 === undefined ? ['http/1.1'] : ['h2', 'http/1.1'],
      noDelay: true,
    })
    certificates.apply(made, settings)
    return made
  })
  server.on('connection', (socket: Socket) => {
    const key = endsOf(socket)
    waiting.set(key, socket)
    socket.once('close', () => waiting.delete(key))
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    waiting.delete(endsOf(socket))
    // A certificate that is not verified is refused even where none is asked for.
    if (settings.clients !== undefined && !socket.authorized && socket.getPeerX509Certificate() !== undefined) {
      socket.destroy()
    } else if (socket.alpnProtocol === 'h2') {
      http2?.accept(socket)
    } else {
      http1.accept(socket)
    }
  })
  // Handshakes fail every day; an error that nobody hears would be thrown.
  server.on('tlsClientError', (_error, socket) => void socket.destroy())
  return {
    closeWaiting() {
      for (const socket of waiting.values()) socket.destroy()
    },
    server,
    setCertificates: (given) => guarded(() => certificates.apply(server, given)),
  }
}

/** Without TLS, all of them to HTTP/1.1. */
export function plainServer({ http1 }: Protocols): ProtocolServer {
  const server = createNetServer({ allowHalfOpen: true, noDelay: true }, (socket) => http1.accept(socket))
  return { closeWaiting() {}, server }
}

/**
 * Without TLS: HTTP/2 for a client that begins with its preface, else HTTP/1.1.
 *
 * @param deadlines for the first bytes of a connection.
 */
export function cleartextServer({ http1, http2 }: Protocols, deadlines: Deadlines): ProtocolServer {
  const waiting = new Set<Socket>()
  const server = createNetServer({ noDelay: true }, (socket) => {
    let read: Buffer = Buffer.alloc(0)
    const deadline = deadlines.add({ expire: () => void socket.destroy() })
    const leave = (): void => {
      deadlines.remove(deadline)
      waiting.delete(socket)
    }
    const end = (): void => void socket.destroy()
    const onReadable = (): void => {
      const chunk: Buffer | null = socket.read()
      if (chunk === null) return
      read = Buffer.concat([read, chunk])
      const size = Math.min(read.length, preface.length)
      const isPreface = read.compare(preface, 0, size, 0, size) === 0
      if (isPreface && size < preface.length) return
      socket.off('close', leave).off('end', end).off('error', end).off('readable', onReadable)
      leave()
      socket.unshift(read)
      if (isPreface) http2?.accept(socket)
      else http1.accept(socket)
    }
    waiting.add(socket)
    socket.on('close', leave).on('end', end).on('error', end).on('readable', onReadable)
  })
  return {
    closeWaiting() {
      for (const socket of waiting) socket.destroy()
    },
    server,
  }
}

// The socket of TLS is another than the one below it; its ends are the same.
function endsOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

function guarded<Value>(make: () => Value): Value {
  try {
    return make()
  } catch (error) {
    const reason = `cannot be used together: ${(error as Error).message}`
    throw new HotpressError('CERTIFICATE_UNREADABLE', { option: 'cert and key', reason }, { cause: error })
  }
}
