import { Buffer } from 'node:buffer'
import { Socket } from 'node:net'
import { HttpRequest } from '../core/request.js'
import { Answer, beside, Control, Event } from './native-control.js'
import { NativeDuplex } from './native-duplex.js'
import type { NativeExchange } from './native-exchange.js'
import { type NodeEvents, NodeStream } from './native-node-stream.js'
import type { NativeOwner } from './native-owner.js'
import { NodeConnections } from './node-connections.js'
import type { NodeConnection } from './node-exchange.js'
import { attach } from './node-http1.js'
import { announce } from './proxy-peer.js'
import type { NodeBridge, TransportHost } from './transport.js'

/** The core's functions, and where the body stands that has come whole with a request. */
type BridgeSource = Pick<NativeOwner<NativeExchange>, 'io' | 'whole'>

/**
 * What goes from the native core to Node's own server: a connection with its descriptor where that can be, else as a stream
 * that stays with the core; of HTTP/2 and HTTP/3 one request at a time.
 */
export class NativeBridge {
  #adopted = 0
  readonly #attached: NodeConnection
  readonly #bridge: NodeBridge
  /** What Node's server has of this listener. */
  readonly connections: NodeConnections
  readonly #host: TransportHost
  readonly #source: BridgeSource
  /** By slot: what Node's server has, and the core still carries. */
  readonly #streams = new Map<number, NodeEvents>()

  constructor(bridge: NodeBridge, host: TransportHost, source: BridgeSource) {
    this.#bridge = bridge
    this.#attached = attach(bridge.server, host)
    this.connections = new NodeConnections(bridge.server, this.#attached.closing)
    this.#host = host
    this.#source = source
  }

  /** How many connections the core has not any more. */
  get adopted(): number {
    return this.#adopted
  }

  /** Hands a request over, and its connection of HTTP/1.1 with it. */
  take(exchange: NativeExchange): void {
    if ((exchange.slot & beside) === 0) this.#source.io.control[Control.answer] = Answer.handOff
    else this.#open(exchange)
  }

  /** Whether the request that is being handed over is Node's server's. */
  wants(exchange: NativeExchange): boolean {
    const { claims } = this.#bridge
    const isUpgrade = this.#source.io.control[Control.upgrades] === 1 && this.#attached.wantsUpgrade(exchange.path)
    return isUpgrade || claims?.(new HttpRequest(exchange, this.#host)) === true
  }

  /** Sees to what is told of a stream or a connection that Node's server has. */
  onEvent(event: number, slot: number, serial: number, data?: Uint8Array | string, more?: string | boolean): void {
    if (event === Event.HandedOff) {
      this.#adopt(serial, data as Uint8Array, more as string | undefined)
      return
    }
    if (event === Event.Raw) {
      this.#carry(slot, serial, data as Uint8Array, more === true)
      return
    }
    const events = this.#streams.get(slot)
    if (events?.serial !== serial) return
    if (event === Event.Body || event === Event.BodyEnd) events.onBody(data as Uint8Array, event === Event.BodyEnd)
    else if (event === Event.Drain) events.onDrain()
    else if (event === Event.Gone) events.onGone()
  }

  // What was read goes back in front of what is still to come, and Node's server takes it from there.
  #adopt(descriptor: number, read: Uint8Array, peer: string | undefined): void {
    const socket = new Socket({ allowHalfOpen: true, fd: descriptor, readable: true, writable: true })
    if (peer !== undefined) announce(socket, peer)
    socket.setNoDelay(true)
    if (read.byteLength > 0) socket.unshift(read)
    this.#adopted++
    socket.once('close', () => this.#adopted--)
    this.connections.accept(socket)
  }

  #carry(slot: number, serial: number, read: Uint8Array, isSecure: boolean): void {
    const { io } = this.#source
    const duplex = new NativeDuplex(
      {
        cut: () => io.cut(slot, serial),
        end: () => io.end(slot, serial, ''),
        pause: (isPaused) => io.pause(slot, serial, isPaused ? 1 : 0),
        write: (bytes) => io.write(slot, serial, bytes),
      },
      { address: () => io.ip(slot, serial), isSecure },
    )
    const events: NodeEvents = {
      onBody: (chunk, isLast) => (isLast ? duplex.onEnd() : duplex.onData(chunk)),
      onDrain: () => duplex.onDrain(),
      onGone: () => duplex.onGone(),
      serial,
    }
    this.#serve(slot, events, duplex, read)
  }

  #open(exchange: NativeExchange): void {
    const { io, whole } = this.#source
    const hasBody = io.control[Control.isWhole] === 1
    const body = hasBody ? Buffer.from(whole.subarray(0, exchange.bodySize)) : undefined
    const stream = NodeStream.open(exchange, io, this.#host.log, body)
    if (stream !== undefined) this.#serve(exchange.slot, stream, stream.duplex)
  }

  #serve(slot: number, events: NodeEvents, duplex: NativeDuplex, read?: Uint8Array): void {
    this.#streams.set(slot, events)
    duplex.once('close', () => {
      if (this.#streams.get(slot) === events) this.#streams.delete(slot)
    })
    if (read !== undefined && read.byteLength > 0) duplex.onData(read)
    this.connections.accept(duplex)
  }
}
