import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { ContentType, contentTypeIndex } from '../core/content-type.js'
import type { Census, DrainPlan } from '../core/drain.js'
import { HeaderLines } from '../core/header-lines.js'
import type { HttpResponse } from '../core/response.js'
import { HotpressError } from '../errors.js'
import type { NativeListened, NativeServer, NativeServerOptions } from '../native/types.js'
import { reserveOf, tellRefused } from './connection-limits.js'
import { NativeBridge } from './native-bridge.js'
import { beside, Control, Event, Flag, Lines, Whole } from './native-control.js'
import { NativeExchange } from './native-exchange.js'
import { NativeLimit } from './native-limit.js'
import { NativeLines, patternsFor } from './native-lines.js'
import { identityOf, listenOptionsFor } from './native-listen.js'
import type { NativeOwner } from './native-owner.js'
import { WantedHeaders } from './native-wanted.js'
import { beginServing, endServing } from './node-connections.js'
import type { CertificateSettings, ListenSettings, TransportHost } from './transport.js'

/** Connections where the app does not say. */
const maxConnections = 1024

/** The servers of this process. */
let next = 0

/** Milliseconds between two looks at what is left of a server that closes. */
const pause = 10

/** What was asked for of a connection's TLS. */
interface Session {
  certificate: Uint8Array | undefined
  readonly connection: number
  sni: string | undefined
}

/** A server of the native core, and what its requests have in common. */
export class NativeTransportServer implements NativeOwner<NativeExchange> {
  // By slot. A connection asks the system once, whatever the number of its requests.
  readonly #addresses: { readonly connection: number; readonly text: string }[] = []
  /** By slot, of the loop's own connections and of what came beside it. */
  readonly #exchanges: (NativeExchange | undefined)[] = []
  readonly #exchangesBeside: (NativeExchange | undefined)[] = []
  readonly #bridge: NativeBridge | undefined
  readonly #limit: NativeLimit | undefined
  readonly #lines: NativeLines | undefined
  readonly #number = next++
  #underWay = 0
  // By slot, as the addresses.
  readonly #sessions: (Session | undefined)[] = []
  readonly host: TransportHost
  readonly io: NativeServer
  readonly later: NativeOwner<NativeExchange>['later'] = [undefined]
  readonly lines: HeaderLines
  readonly makesLines: boolean
  readonly typeIndex: ReadonlyMap<string, number> = contentTypeIndex
  readonly wanted: WantedHeaders
  readonly whole: Uint8Array

  /** @param givesDescriptors whether connections may leave with their descriptors; Windows has none to give. */
  constructor(host: TransportHost, givesDescriptors: boolean = process.platform !== 'win32') {
    this.host = host
    this.makesLines = host.ownLines !== undefined
    const most = host.settings.maxConnections ?? maxConnections
    const waits = host.settings.connectionOverflow === 'wait'
    const reserve = waits ? 0 : reserveOf(host, most)
    if (most > 0) this.#limit = new NativeLimit(host, most)
    const { matcher } = host.routes
    this.io = matcher.createServer!(
      optionsFor(host, { maxConnections: most, reserve }, givesDescriptors),
      (path, first, second, third, fourth, fifth, sixth) => {
        this.wanted.begin(first, second, third, fourth, fifth, sixth)
        return this.#request(path)
      },
      (event, slot, serial, data, more) => this.#event(event, slot, serial, data, more),
      this.later,
    )
    this.#lines = host.ownLines && new NativeLines(host.ownLines.log, this.io, () => this.#underWay > 0)
    this.wanted = new WantedHeaders((names) => this.io.want(names))
    const { buffer } = this.io.control
    this.lines = new HeaderLines(new Uint8Array(buffer, Lines.at, Lines.size))
    this.whole = new Uint8Array(buffer, Whole.at, Whole.size)
    this.#bridge = host.bridge && new NativeBridge(host.bridge, host, this)
  }

  #request(path: string | undefined): string | Uint8Array | undefined {
    // What was answered last is kept no longer than until here.
    this.later[0] = undefined
    this.#lines?.expect()
    const bridge = this.#bridge
    const limit = this.#limit
    const host = limit === undefined ? this.host : limit.hostFor(this.io)
    const exchange = new NativeExchange(this, path, host)
    if (bridge === undefined || host !== this.host || !bridge.wants(exchange)) return exchange.run()
    if (limit?.isFull(this.io, bridge.adopted) === true) return new NativeExchange(this, path, limit.refusing).run()
    bridge.take(exchange)
    return undefined
  }

  addressOf(slot: number, serial: number, connection: number): string {
    const known = (slot & beside) === 0 ? this.#addresses[slot] : undefined
    if (known?.connection === connection) return known.text
    const text = there(this.io.ip(slot, serial))
    if ((slot & beside) === 0) this.#addresses[slot] = { connection, text }
    return text
  }

  began(exchange: NativeExchange): void {
    this.#underWay++
    this.#listOf(exchange.slot)[exchange.slot & ~beside] = exchange
  }

  // Those beside the loop have numbers of their own, and so has each listener.
  connectionOf(slot: number, connection: number): number {
    return (this.#number * 2 + ((slot & beside) === 0 ? 0 : 1)) * 2 ** 32 + connection
  }

  async close({ drain, idleGrace }: DrainPlan): Promise<Census> {
    const { io } = this
    const handedOver = this.#bridge?.connections
    const begun = performance.now()
    io.closeListeners(idleGrace)
    handedOver?.close()
    for (;;) {
      const time = performance.now() - begun
      if (time >= idleGrace) {
        io.closeIdle()
        handedOver?.closeIdle()
      }
      if (io.connections() + (handedOver?.size ?? 0) === 0 || time >= drain) break
      await sleep(pause)
    }
    const left = this.count()
    io.closeConnections()
    handedOver?.destroy()
    this.#lines?.close()
    if (this.host.bridge !== undefined) endServing(this.host.bridge.server)
    return left
  }

  count(): Census {
    const bridge = this.#bridge
    const connections = this.io.connections() + (bridge?.adopted ?? 0)
    if (bridge === undefined) return { connections, requests: this.#underWay, sockets: 0 }
    const { requests, sockets } = bridge.connections.count()
    return { connections, requests: this.#underWay + requests, sockets }
  }

  certificateOf(slot: number, serial: number, connection: number): Uint8Array | undefined {
    if ((slot & beside) !== 0) return this.io.peerCertificate(slot, serial)
    const known = this.#sessions[slot]
    if (known?.connection === connection && known.certificate !== undefined) return known.certificate
    const certificate = this.io.peerCertificate(slot, serial)
    if (certificate !== undefined) this.#sessionOf(slot, connection).certificate = certificate
    return certificate
  }

  ended(exchange: NativeExchange): void {
    this.#underWay--
    const list = this.#listOf(exchange.slot)
    const index = exchange.slot & ~beside
    if (list[index] === exchange) list[index] = undefined
  }

  listen(address: string, where: ListenSettings): NativeListened {
    const { backlog, held = -1, fd = held, port, reusePort } = where
    const taken = isInEventLoop(where)
      ? this.io.listen(address, port, backlog, reusePort, fd)
      : this.io.listenBeside(address, port, listenOptionsFor(where, this.host))
    if (typeof taken[1] !== 'number') {
      // What was begun for it would hold the process.
      this.io.closeConnections()
    } else if (this.host.bridge !== undefined) {
      beginServing(this.host.bridge.server)
    }
    return taken
  }

  nameReturned(serial: number, response: HttpResponse, id: string): void {
    const { control } = this.io
    if (control[Control.within] !== serial) return
    const size = this.host.head.writeOwnLines(response, this.lines, id)
    if (size < 0) return
    control[Control.returnedFlags]! |= Flag.hasId
    control[Control.returnedLines] = size
  }

  sniOf(slot: number, serial: number, connection: number): string | undefined {
    if ((slot & beside) !== 0) return this.io.sni(slot, serial)
    const known = this.#sessions[slot]
    if (known?.connection === connection && known.sni !== undefined) return known.sni
    const sni = this.io.sni(slot, serial)
    if (sni !== undefined) this.#sessionOf(slot, connection).sni = sni
    return sni
  }

  /** @throws HotpressError `CERTIFICATE_UNREADABLE` */
  setCertificates(settings: CertificateSettings): void {
    const reason = this.io.setCertificates(identityOf(settings))
    if (reason !== undefined) throw new HotpressError('CERTIFICATE_UNREADABLE', { option: 'cert and key', reason })
  }

  textOf(slot: number, serial: number, part: number): string {
    return there(this.io.text(slot, serial, part))
  }

  #sessionOf(slot: number, connection: number): Session {
    const known = this.#sessions[slot]
    if (known?.connection === connection) return known
    const session: Session = { certificate: undefined, connection, sni: undefined }
    this.#sessions[slot] = session
    return session
  }

  #listOf(slot: number): (NativeExchange | undefined)[] {
    return (slot & beside) === 0 ? this.#exchanges : this.#exchangesBeside
  }

  #event(event: number, slot: number, serial: number, data?: Uint8Array | string, more?: string | boolean): void {
    if (event === Event.Refused) {
      if (serial === 0) this.host.log.warn(`connection closed: ${data}`)
      tellRefused('native', serial, data)
      return
    }
    if (event === Event.Log) {
      this.host.log.error(String(data))
      return
    }
    const exchange = this.#listOf(slot)[slot & ~beside]
    if (event === Event.HandedOff || event === Event.Raw || exchange?.serial !== serial) {
      this.#bridge?.onEvent(event, slot, serial, data, more)
      return
    }
    if (event === Event.Body) exchange.onBody(data as Uint8Array, false)
    else if (event === Event.BodyEnd) exchange.onBody(data as Uint8Array, true, more as string | undefined)
    else if (event === Event.Drain) exchange.onDrain()
    else if (event === Event.Ended) exchange.signalEnd()
    else exchange.onGone()
  }
}

function there(text: string | undefined): string {
  if (text === undefined) throw new HotpressError('REQUEST_OVER', {})
  return text
}

/** Whether a listener needs nothing but the event loop. */
function isInEventLoop({ http2, tls }: ListenSettings): boolean {
  return tls === undefined && !http2.cleartext
}

// Each limit of the settings, or its default here.
function optionsFor(
  { head, ownLines, routes, settings }: TransportHost,
  limits: Pick<NativeServerOptions, 'maxConnections' | 'reserve'>,
  givesDescriptors: boolean,
): NativeServerOptions {
  return {
    ...limits,
    chunkLimit: settings.chunkLimit ?? 1024 ** 2,
    defaults: head.defaults,
    ...(routes.fixed === undefined ? {} : { fixed: routes.fixed }),
    givesDescriptors,
    headLimit: settings.headerLimit ?? 8192,
    idleTimeout: settings.idleTimeout ?? 60_000,
    ...(ownLines && { log: ownLines.log.template, patterns: patternsFor(ownLines) }),
    maxConnectionsPerAddress: settings.maxConnectionsPerAddress ?? 0,
    maxRequestsPerConnection: settings.maxRequestsPerConnection ?? 0,
    overflowWaits: settings.connectionOverflow === 'wait',
    proxies: settings.proxyProtocol?.packed() ?? new Uint8Array(0),
    readTimeout: settings.readTimeout ?? 30_000,
    requestId: head.sendsId,
    requestLineLimit: settings.requestLineLimit ?? 8192,
    types: Object.values(ContentType),
    wantsPath: routes.wantsPath,
    writeTimeout: settings.writeTimeout ?? 30_000,
  }
}
