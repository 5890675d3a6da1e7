import type { Deadlines } from '../core/deadlines.js'
import type { HeadTemplate } from '../core/head.js'
import type { HttpRequest, RequestContext } from '../core/request.js'
import type { HttpResponse } from '../core/response.js'
import type { Settings, TransportName } from '../core/settings.js'

/** What a transport needs of its app. */
export interface TransportHost extends RequestContext {
  readonly deadlines: Deadlines
  readonly head: HeadTemplate
  readonly settings: Settings
  /** A request in, a response out, at once or later. It neither throws nor rejects. */
  dispatch(request: HttpRequest): HttpResponse | Promise<HttpResponse>
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
  refuses(settings: Settings, where: ListenSettings): Refusal | undefined
}
