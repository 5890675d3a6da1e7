import type { BodyRules } from './body-flow.js'
import { findHeader, type HeaderPairs, joinHeader } from './headers.js'
import type { HttpVersion, RequestSource } from './request-source.js'

/** The head of a request, as it was read. */
export interface Head {
  /** Names are lower-case. */
  readonly headers: HeaderPairs
  readonly httpVersion: HttpVersion
  readonly ip: string
  readonly method: string
  readonly path: string
  readonly protocol: 'http' | 'https'
  readonly query: string
}

/** A request without a body that outlives its exchange: the handshake of a socket. */
export class SnapshotSource implements RequestSource {
  readonly #headers: HeaderPairs
  readonly body: undefined
  readonly bodySize = 0
  readonly httpVersion: HttpVersion
  readonly ip: string
  readonly method: string
  readonly path: string
  readonly protocol: 'http' | 'https'
  readonly query: string

  constructor({ headers, httpVersion, ip, method, path, protocol, query }: Head) {
    this.#headers = headers
    this.httpVersion = httpVersion
    this.ip = ip
    this.method = method
    this.path = path
    this.protocol = protocol
    this.query = query
  }

  /** What a source has at hand, taken along. */
  static of(source: RequestSource): SnapshotSource {
    const { httpVersion, ip, method, path, protocol, query } = source
    return new SnapshotSource({ headers: [...source.headers()], httpVersion, ip, method, path, protocol, query })
  }

  acceptBody(_rules: BodyRules): void {}

  detach(): void {}

  header(lower: string): string | undefined {
    return findHeader(this.#headers, lower)
  }

  headerList(lower: string): string | undefined {
    return joinHeader(this.#headers, lower)
  }

  headers(): HeaderPairs {
    return this.#headers
  }
}
