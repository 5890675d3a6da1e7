import type { Buffer } from 'node:buffer'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Deadlines } from '../core/deadlines.js'
import type { Census, DrainPlan } from '../core/drain.js'
import type { HeadTemplate } from '../core/head.js'
import type { HeaderPairs } from '../core/headers.js'
import type { RequestObserver } from '../core/observer.js'
import type { HttpRequest } from '../core/request.js'
import type { RequestContext } from '../core/request-context.js'
import type { LineLog } from '../core/request-log.js'
import type { HttpResponse } from '../core/response.js'
import type { Settings, TransportName } from '../core/settings.js'
import type { Responder } from '../core/to-response.js'
import type { AppTracing } from '../core/tracing.js'
import type { HandlerResult } from '../core/types.js'
import type { SocketLimits, SocketUpgrade } from '../core/web-socket.js'
import type { NativeFixed, Router } from '../native/types.js'

/** A server of Node's own that shares the app's connections. */
export interface NodeBridge {
  /** Whether it is to serve a request, and what comes after it on the connection; undefined for upgrades alone. */
  readonly claims: ((request: HttpRequest) => boolean) | undefined
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

/** The WebSockets of an app. */
export interface HostSockets {
  readonly limits: readonly SocketLimits[]
  /**
   * Makes a WebSocket of a connection of Node's own, which has sent a request for one and had no answer.
   *
   * @param head what has come after the request.
   * @param headers of the answer, beside those of the handshake.
   * @returns begins to close it, as its listener closes.
   */
  accept(
    request: IncomingMessage,
    connection: Duplex,
    head: Buffer,
    upgrade: SocketUpgrade,
    headers: HeaderPairs,
  ): () => void
  /** Whether a path is that of WebSockets. */
  serves(path: string): boolean
}

/** What a transport needs of its app. */
export interface TransportHost extends RequestContext {
  readonly bridge: NodeBridge | undefined
  readonly deadlines: Deadlines
  /** What middleware would have done to an answer that was made outside of it (`core/decorator`). It never throws. */
  decorate(response: HttpResponse, request: HttpRequest): HttpResponse
  readonly head: HeadTemplate
  /** Is told of requests; undefined where nobody is. */
  readonly observer?: RequestObserver | undefined
  /**
   * The access log, where the transport may make the lines of requests by itself: who else is told of these, and the
   * patterns of routes by the matcher's numbers.
   */
  readonly ownLines?:
    | {
        readonly log: LineLog
        readonly observer: RequestObserver | undefined
        readonly patterns: readonly { readonly method: string; readonly pattern: string; readonly route: number }[]
      }
    | undefined
  /** Whether a request is answered while the app has too much to do; absent where none is. */
  readonly isExempt?: ((request: HttpRequest) => boolean) | undefined
  readonly settings: Settings
  readonly routes: TransportRoutes
  readonly responder: Responder
  /** Undefined where there are none. */
  readonly sockets?: HostSockets | undefined
  /** Traces requests; undefined where nobody does. */
  readonly tracing?: AppTracing | undefined
  /**
   * A request in, a response out: at once, or what `responder` makes of the promise's value or rejection. It never throws.
   */
  dispatch(request: HttpRequest): HttpResponse | Promise<HandlerResult>
}

/** A certificate chain and its key, checked to belong together. */
export interface Certificate {
  /** The chain as PEM, the server's own certificate first. */
  readonly cert: Buffer
  /** The same as DER, one each. */
  readonly chain: readonly Uint8Array[]
  /** The private key as PEM (PKCS#8), not encrypted. */
  readonly key: Buffer
  /** The same as DER. */
  readonly keyDer: Uint8Array
  /** The host names that it is for, in lower case, `*.` for any one label in front; none for the default alone. */
  readonly names: readonly string[]
  /** A response of OCSP to staple, as DER. */
  readonly ocsp: Uint8Array | undefined
}

/** What may be changed while an app listens. */
export interface CertificateSettings {
  /** The first answers clients whose host name no other is for. */
  readonly certificates: readonly Certificate[]
  /** Secrets of session tickets, the first to seal with, each to open with; undefined for the transport's own. */
  readonly ticketKeys: readonly Uint8Array[] | undefined
}

/** What `listen({ tls })` was given, checked and complete. Times are milliseconds. */
export interface TlsSettings extends CertificateSettings {
  /** Cipher suites by their IANA names, in the order of preference; undefined for those of the transport. */
  readonly ciphers: readonly string[] | undefined
  /** Whether a client must have a certificate, and who may have issued it; undefined where none is asked for. */
  readonly clients:
    | { readonly ca: Buffer; readonly caChain: readonly Uint8Array[]; readonly isRequired: boolean }
    | undefined
  readonly handshakeTimeout: number
  /** Whether certificates are replaced when their files change. */
  readonly isWatched: boolean
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** Whether sessions are resumed by tickets. */
  readonly sessionTickets: boolean
}

/** What `listen({ http2 })` was given; undefined takes what the transport has. */
export interface Http2Settings {
  /** Plaintext: by prior knowledge, beside HTTP/1.1 on the same port. */
  readonly cleartext: boolean
  /** Bytes that all the bodies of one connection may be ahead of their readers. */
  readonly connectionWindow: number | undefined
  /** Whether it was asked for, and not only not forbidden: a transport without it refuses then. */
  readonly isAsked: boolean
  /** Over TLS: whether it is offered. */
  readonly isOffered: boolean
  readonly maxConcurrentStreams: number | undefined
  /** Bytes that the body of one request may be ahead of its reader. */
  readonly streamWindow: number | undefined
}

/** Connections that may wait to be accepted, where the app does not say. */
export const defaultBacklog = 511

/** Where to listen, checked and complete. */
export interface ListenSettings {
  /** Connections that may wait to be accepted. */
  readonly backlog: number
  /** A socket that listens already, in place of the address. */
  readonly fd: number | undefined
  /** A socket that is bound to the address already, and held elsewhere too, in place of one of its own: native alone takes it. */
  readonly held: number | undefined
  readonly host: string
  readonly http2: Http2Settings
  /** Whether HTTP/3 is served on the same port over UDP; with TLS only. */
  readonly http3: boolean
  /** 0 for any free port. */
  readonly port: number
  /** Whether other processes may listen on the same port (SO_REUSEPORT). */
  readonly reusePort: boolean
  /** Threads of the native core for TLS, HTTP/2 and HTTP/3; undefined for as many as the machine suggests. */
  readonly threads: number | undefined
  readonly tls: TlsSettings | undefined
}

/** A listening transport. */
export interface Listening {
  /** The address that was taken, where that is not the one that was asked for. */
  readonly host?: string
  /** The port that was taken. */
  readonly port: number
  /**
   * Takes no more connections, has requests answered as the last of their connections, closes what is idle once its grace is
   * over, and resolves when nothing is left: to what had to be cut off.
   */
  close(plan: DrainPlan): Promise<Census>
  /** What is open now. */
  count(): Census
  /** Has new connections served with other certificates and ticket keys; there with TLS. */
  setCertificates?(settings: CertificateSettings): void
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
export const nativeOnly: readonly (keyof Settings)[] = ['chunkLimit', 'connectionOverflow', 'requestLineLimit']

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
