import { Buffer } from 'node:buffer'
import { isIPv6, type Server, type Socket } from 'node:net'
import type { AddressSet } from '../core/addresses.js'
import type { Deadlines } from '../core/deadlines.js'
import type { Logger } from '../core/logger.js'
import { interpose } from './node-connections.js'
import { readProxyHeader } from './proxy-header.js'

/** What the connections of a server are taken by. */
export interface ProxyRules {
  /** For the header of a connection. */
  readonly deadlines: Deadlines
  readonly log: Logger
  readonly proxies: AddressSet
}

/** Has a socket say, to all who ask, that it is another's. */
export function announce(socket: Socket, address: string): void {
  Object.defineProperties(socket, {
    remoteAddress: { configurable: true, value: address },
    remoteFamily: { configurable: true, value: isIPv6(address) ? 'IPv6' : 'IPv4' },
  })
}

const gates = new WeakMap<Server, ProxyGate>()

/** Reads the header of the PROXY protocol before a server has a connection: of those peers that send one, and of no other. */
export class ProxyGate {
  /** Whose connection each is that TLS is spoken on, by its two ends: the socket of TLS is another than the one below it. */
  readonly #announced = new Map<string, string>()
  readonly #rules: ProxyRules
  /** Sockets whose header is not whole. */
  readonly #waiting = new Set<Socket>()

  private constructor(rules: ProxyRules) {
    this.#rules = rules
  }

  /** Puts a gate before a server that does not listen yet; one that has a gate keeps it. */
  static before(server: Server, rules: ProxyRules): ProxyGate {
    const known = gates.get(server)
    if (known !== undefined) return known
    const gate = new ProxyGate(rules)
    gates.set(server, gate)
    interpose(server, (socket, serve) => gate.#take(socket, serve))
    server.prependListener('secureConnection', (socket: Socket) => {
      const address = gate.#announced.get(endsOf(socket))
      if (address !== undefined) announce(socket, address)
    })
    return gate
  }

  /** Closes what has not come to be a connection of the server. */
  close(): void {
    for (const socket of this.#waiting) socket.destroy()
  }

  #take(socket: Socket, serve: () => void): void {
    // Whose it was cannot be told any more.
    if (socket.remoteAddress === undefined) socket.destroy()
    else if (this.#rules.proxies.has(socket.remoteAddress)) this.#wait(socket, serve)
    else serve()
  }

  #wait(socket: Socket, serve: () => void): void {
    const { deadlines, log } = this.#rules
    let read: Buffer = Buffer.alloc(0)
    const refuse = (): void => {
      socket.destroy()
      log.warn('connection closed: the connection of a proxy begins without a header of the PROXY protocol')
    }
    const deadline = deadlines.add({ expire: refuse })
    const leave = (): void => {
      deadlines.remove(deadline)
      this.#waiting.delete(socket)
    }
    const end = (): void => void socket.destroy()
    const onReadable = (): void => {
      const chunk: Buffer | null = socket.read()
      if (chunk === null) return
      read = Buffer.concat([read, chunk])
      const header = readProxyHeader(read)
      if (header === undefined) return
      if (header === 'malformed') {
        refuse()
        return
      }
      socket.off('close', leave).off('end', end).off('error', end).off('readable', onReadable)
      leave()
      this.#announce(socket, header.address)
      if (read.length > header.length) socket.unshift(read.subarray(header.length))
      serve()
    }
    this.#waiting.add(socket)
    socket.on('close', leave).on('end', end).on('error', end).on('readable', onReadable)
  }

  #announce(socket: Socket, address: string | undefined): void {
    if (address === undefined) return
    const ends = endsOf(socket)
    this.#announced.set(ends, address)
    socket.once('close', () => this.#announced.delete(ends))
    announce(socket, address)
  }
}

function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}
