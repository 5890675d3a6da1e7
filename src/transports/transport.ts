import type { Server } from 'node:http'
import type { Deadlines } from '../core/deadlines.js'
import type { HeadTemplate } from '../core/head.js'
import type { HttpRequest, RequestContext } from '../core/request.js'
import type { HttpResponse } from '../core/response.js'
import type { Settings, TransportName } from '../core/settings.js'
import type { Responder } from '../core/to-response.js'
import type { HandlerResult } from '../core/types.js'
import type { NativeFixed, Router } from '../native/types.js'

/** A server of Node's own that shares the app's connections. */
export interface NodeBridge {
  /** Whether it is to serve a request, and what comes after it on the connection. */
  claims(request: HttpRequest): boolean
  readonly server: Server
}

/** The routes, for a transport that matches by itself. */
export interface TransportRoutes {
  /** What may be answered without JavaScript. */
  readonly fixed: NativeFixed | undefined
  readonly matcher: Router
  /** By the matcher's numbers: whether the path is read for its parameters. */
  readonly wantsPath: readonly boolean[]
}

/** What a transport needs of its app. */
export interface TransportHost extends RequestContext {
  readonly bridge: NodeBridge | undefined
  readonly deadlines: Deadlines
  /** What middleware would have done to an answer that was made outside of it (`core/decorator`). It never throws. */
  decorate(response: HttpResponse, request: HttpRequest): HttpResponse
  readonly head: HeadTemplate
  readonly settings: Settings
  readonly routes: TransportRoutes
  readonly responder: Responder
  /**
   * A request in, a response out: at once, or what `responder` makes of the promise's value or rejection. It never throws.
   */
  dispatch(request: HttpRequest): HttpResponse | Promise<HandlerResult>
}

/** A certificate chain and its private key, as PEM. */
export interface TlsSettings {
  readonly cert: Buffer
  readonly key: Buffer
}

/** Where to listen, checked and complete. */
export interface ListenSettings {
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  readonly tls: TlsSettings | undefined
}

/** A listening transport. */
export interface Listening {
  /** The port that was taken. */
  readonly port: number
  /**
   * Takes no more connections, lets the requests under way be answered, closes the idle connections, and resolves when
   * none is left. What is not answered within `drain` milliseconds is cut off.
   */
  close(drain: number): Promise<void>
}

/** What a transport cannot do of what was asked. */
export interface Refusal {
  readonly option: string
  readonly reason: string
}

/** The first of some options that was given. */
export function firstGiven(settings: Settings, options: readonly (keyof Settings)[]): keyof Settings | undefined {
  return options.find((option) => settings[option] !== undefined)
}

/** Options that the transport native alone can honour. */
export const nativeOnly: readonly (keyof Settings)[] = [
  'chunkLimit',
  'connectionOverflow',
  'maxConnections',
  'maxConnectionsPerAddress',
  'requestLineLimit',
  'writeTimeout',
]

/** One way to speak HTTP. Its contract is the suite in `test/contract/http.ts`. */
export interface Transport {
  readonly name: TransportName
  /** Loads what the transport is made of; resolves to the reason where it cannot run here. */
  load(): Promise<string | undefined>
  /**
   * Listens.
   *
   * @throws HotpressError `ADDRESS_IN_USE`, `ADDRESS_REFUSED`
   */
  listen(host: TransportHost, where: ListenSettings): Promise<Listening>
  /** The first option that this transport cannot honour. */
  refuses(settings: Settings, where: ListenSettings, hasBridge: boolean): Refusal | undefined
}
