import type { BodySource } from './body-source.js'
import type { HeaderPairs } from './headers.js'
import type { RequestTrace } from './request-trace.js'

/** Which HTTP a request has come by. */
export type HttpVersion = '1.0' | '1.1' | '2' | '3'

/**
 * What a transport knows about one request. Each member may be asked for while the transport's callback runs;
 * `detach()` is called once when the request outlives it, and the source then owns what it still has to answer.
 */
export interface RequestSource extends BodySource {
  /** Whether its connection can become a WebSocket. */
  readonly canUpgrade?: boolean
  /** What stands for its connection: the same for all requests of it, and no other; undefined where none are told apart. */
  readonly connection?: object | number | undefined
  /** Whether the transport compresses answers by itself (`later-coding`). */
  readonly encodesAnswers?: boolean
  /** Whether the transport makes its line of the access log by itself. */
  readonly hasLine?: boolean
  readonly httpVersion: HttpVersion
  readonly ip: string
  readonly method: string
  /** The certificate that the client has proved to be its own, verified, as DER: one array for a connection, if it can be. */
  readonly peerCertificateDer?: Uint8Array | undefined
  /** The path as received: printable ASCII, escapes and all. */
  readonly path: string
  readonly protocol: 'http' | 'https'
  /** What follows the `?`, or the empty string. */
  readonly query: string
  /** The number that the matcher gives for the path, where the transport has asked it already. */
  readonly routeId?: number
  /** The host name that the client asked for by TLS (RFC 6066, 3). */
  readonly sni?: string | undefined
  /** Set where the request is traced. */
  trace?: RequestTrace | undefined
  /** What has come after the body, once that is at its end; names are lower-case. */
  readonly trailers?: HeaderPairs
  detach(): void
  /** Told of the id of the request, when somebody has asked for it. */
  named?(id: string): void
  /** Sends a 103 with these headers, where the transport can; says whether it did. */
  hint?(headers: Readonly<Record<string, string>>): boolean
  /** The first value of a header; the name is lower-case. */
  header(lower: string): string | undefined
  /** All lines of a header as one (RFC 9110, 5.3), cookies by `; ` (RFC 9113, 8.2.3); the name is lower-case. */
  headerList(lower: string): string | undefined
  /** Names are lower-case. */
  headers(): HeaderPairs
}
