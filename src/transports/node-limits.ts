import type { Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { tellTooMany, tooManyConnections } from './connection-limits.js'
import { interpose } from './node-connections.js'
import { responseText } from './node-refusal.js'

/** Milliseconds for which a refused client may read why. */
const lingerTime = 1000

/** Refused connections that are told why at the same time; any beyond are cut. */
const mostLingering = 1024

/** Milliseconds that a connection beyond the limit has for its request and the answer. */
const excessTime = 5000

/** How many connections a server takes. */
export interface NodeLimitSettings {
  /** Filled with what was taken beyond the limit. */
  readonly excess: WeakSet<Duplex>
  /** Whether a handshake of TLS comes first: who is refused is told nothing then. */
  readonly isSecure: boolean
  /** 0 for no limit. */
  readonly most: number
  /** How many more are taken, and marked. */
  readonly reserve: number
}

/** Refuses the connections beyond a limit, before anything is read of them: of a server that does not listen yet. */
export function limitConnections(server: Server, { excess, isSecure, most, reserve }: NodeLimitSettings): void {
  if (most === 0) return
  const known = new WeakSet<Socket>()
  const excessEnds = new Set<string>()
  let admitted = 0
  interpose(server, (socket, serve) => {
    // A connection may come again: an upgrade that nobody wants is read anew.
    if (known.has(socket)) {
      serve()
    } else if (admitted < most) {
      known.add(socket)
      admitted++
      socket.once('close', () => admitted--)
      serve()
    } else if (excessEnds.size < reserve) {
      known.add(socket)
      const ends = endsOf(socket)
      excess.add(socket)
      excessEnds.add(ends)
      const timer = setTimeout(() => socket.destroy(), excessTime).unref()
      socket.once('close', () => {
        clearTimeout(timer)
        excessEnds.delete(ends)
      })
      serve()
    } else {
      refuse(socket, isSecure)
    }
  })
  // The socket of TLS is another than the one below it; its ends are the same.
  server.prependListener('secureConnection', (socket: Socket) => {
    if (excessEnds.has(endsOf(socket))) excess.add(socket)
  })
}

/** Refuses what an address has beyond its limit; by then a proxy must have said whose a connection is. */
export function limitAddresses(server: Server, most: number, isSecure: boolean): void {
  if (most === 0) return
  const counts = new Map<string, number>()
  const known = new WeakSet<Socket>()
  interpose(server, (socket, serve) => {
    const address = socket.remoteAddress
    if (known.has(socket) || address === undefined) {
      serve()
      return
    }
    const count = counts.get(address) ?? 0
    if (count === most) {
      refuse(socket, isSecure)
      return
    }
    known.add(socket)
    counts.set(address, count + 1)
    socket.once('close', () => {
      const left = counts.get(address)! - 1
      if (left === 0) counts.delete(address)
      else counts.set(address, left)
    })
    serve()
  })
}

let lingering = 0

function refuse(socket: Socket, isSecure: boolean): void {
  tellTooMany('node')
  // An error that nobody hears would be thrown.
  socket.on('error', () => {})
  if (isSecure || lingering >= mostLingering) {
    socket.destroy()
    return
  }
  // A connection that is closed while bytes arrive is reset, and the answer with it.
  lingering++
  const timer = setTimeout(() => socket.destroy(), lingerTime)
  socket.once('close', () => {
    lingering--
    clearTimeout(timer)
  })
  socket.resume().end(responseText(tooManyConnections()))
}

function endsOf({ localPort, remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`
}
