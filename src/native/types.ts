import type { LineTemplate } from '../core/request-log.js'

/**
 * A problem document in three parts; what differs from request to request stands between them: first the path or the
 * method, then the id of the request.
 */
export interface NativeTemplate {
  readonly parts: readonly string[]
  /** The number of its content type, times 65,536. */
  readonly type: number
}

/** Answers that the native core gives by itself. Routes are named by the matcher's numbers. */
export interface NativeFixed {
  readonly constants: readonly {
    readonly body: Uint8Array
    readonly lines: string
    readonly method: string
    readonly route: number
    /** With the number of the content type, times 65,536. */
    readonly status: number
  }[]
  /** For each route: its methods, and what answers the others. */
  readonly methods: readonly (NativeTemplate & {
    readonly allow: string
    readonly known: readonly string[]
    readonly route: number
  })[]
  readonly notFound: NativeTemplate
}

/** What a server of the native core is made with. Sizes are in bytes, times in milliseconds. */
export interface NativeServerOptions {
  /** The most that one chunk of a body may have. */
  readonly chunkLimit: number
  /** Header lines of every answer, each with its CRLF. */
  readonly defaults: string
  readonly fixed?: NativeFixed
  /** Whether a connection in plaintext that goes to Node's server goes with its descriptor; never on Windows. */
  readonly givesDescriptors: boolean
  readonly headLimit: number
  readonly idleTimeout: number
  /** What lines of the access log are made of; without it none are made. */
  readonly log?: LineTemplate
  /** 0 for no limit. */
  readonly maxConnections: number
  /** 0 for no limit. */
  readonly maxConnectionsPerAddress: number
  /** 0 for no limit. */
  readonly maxRequestsPerConnection: number
  /** Whether a connection beyond the limit waits to be accepted, and is not refused. */
  readonly overflowWaits: boolean
  /** Whose connections begin with a header of the PROXY protocol: blocks of 17 bytes (`AddressSet.packed`). */
  readonly proxies: Uint8Array
  readonly readTimeout: number
  /** Whether answers carry `X-Request-ID`. */
  readonly requestId: boolean
  readonly requestLineLimit: number
  /** For the log: what names the pattern of each route, by the matcher's number and the method. */
  readonly patterns?: readonly { readonly member: string; readonly method: string; readonly route: number }[]
  /** Connections beyond the limit of which one request is read. */
  readonly reserve: number
  /** Content types that answers name by their index here. */
  readonly types: readonly string[]
  /** By route: whether the path is wanted with the request. */
  readonly wantsPath: readonly boolean[]
  readonly writeTimeout: number
}

/** A certificate chain and its key as DER, and the names that it is for. */
export interface NativeCertificate {
  readonly chain: readonly Uint8Array[]
  readonly key: Uint8Array
  readonly names: readonly string[]
  readonly ocsp?: Uint8Array
}

/** What new connections are served with. */
export interface NativeIdentity {
  /** The first is the default. */
  readonly certificates: readonly NativeCertificate[]
  /** Secrets; none for those of the core's own. */
  readonly ticketKeys: readonly Uint8Array[]
}

/** The address that was taken, or what went wrong. */
export type NativeListened = readonly [address: string, port: number] | readonly [code: string, message: string]

/** What is listened beside the event loop with. Sizes are in bytes, times in milliseconds. */
export interface NativeListenOptions {
  readonly backlog: number
  readonly connectionWindow: number
  /** Of a socket that listens already, in place of the address. */
  readonly descriptor?: number
  readonly handshakeTimeout: number
  /** Whether HTTP/3 is served on the same port over UDP; with `tls` only. */
  readonly http3: boolean
  readonly maxConcurrentStreams: number
  readonly reusePort: boolean
  readonly streamWindow: number
  readonly threads: number
  /** Without, HTTP/2 is spoken with who begins with it, and HTTP/1.1 with the others. */
  readonly tls?: NativeIdentity & {
    readonly ciphers: readonly string[]
    /** Issuers of clients' certificates, as DER; none are asked for without. */
    readonly clients: readonly Uint8Array[]
    readonly http2: boolean
    readonly isClientRequired: boolean
    readonly onlyTls13: boolean
    readonly sessionTickets: boolean
  }
  /** Whether requests for another protocol (RFC 8441) are taken. */
  readonly upgrades: boolean
}

/**
 * HTTP/1.1 in the event loop, and what is beside it. Functions about a request take its slot and serial first; one that is over is let go.
 * `src/transports/native-control.ts` says what the numbers mean.
 */
export interface NativeServer {
  readonly control: Uint32Array
  /** Begins an answer whose body comes in parts; a negative length is not known. */
  begin(slot: number, serial: number, status: number, flags: number, lines: string, length: number): void
  closeConnections(): void
  closeIdle(): void
  /**
   * Accepts no more, and answers each request as the last of its connection.
   *
   * @param grace milliseconds for connections beside the loop that have not come to their first request.
   */
  closeListeners(grace: number): void
  /** How many are open. */
  connections(): number
  cut(slot: number, serial: number): void
  /**
   * Ends an answer that was begun; trailers are lines that each end in CRLF. False where a raw connection waits for its
   * client to take what was written: `Drain` follows when it has.
   */
  end(slot: number, serial: number, trailers: string): boolean
  /**
   * The first value of a header, or with 1 all of them joined by `, `; null without any, undefined when the request is
   * over. The name has fewer than 255 bytes.
   */
  header(slot: number, serial: number, name: string, isWhole: number): string | null | undefined
  /** Sends a 103 before the answer; says whether it could. */
  hint(slot: number, serial: number, lines: string): boolean
  ip(slot: number, serial: number): string | undefined
  /** @param descriptor of a socket that listens already, in place of the address; -1 without. */
  listen(address: string, port: number, backlog: number, reusePort: boolean, descriptor: number): NativeListened
  /** Listens for TLS, HTTP/2 and HTTP/3. */
  listenBeside(address: string, port: number, options: NativeListenOptions): NativeListened
  /** The id of a request, for its line of the access log. */
  name(slot: number, serial: number, id: string): void
  pause(slot: number, serial: number, isPaused: number): void
  /** The client's own certificate as DER, verified; undefined without one, and when the request is over. */
  peerCertificate(slot: number, serial: number): Uint8Array | undefined
  /** Takes the body; with 1 a client that waits for a 100 has it. */
  receive(slot: number, serial: number, isRead: number): void
  /** Answers with the status and flags that `control` holds. */
  respond(slot: number, serial: number, lines: string, body: string | Uint8Array | undefined): void
  /** Changes what new connections are served with; what is wrong with it, where something is. */
  setCertificates(identity: NativeIdentity): string | undefined
  /** The host name that the client asked for by TLS; undefined without one, and when the request is over. */
  sni(slot: number, serial: number): string | undefined
  /** Moves whole lines of the access log to `into`, from the byte `at` on; gives how many bytes they are. */
  takeLines(into: Uint8Array, at: number): number
  text(slot: number, serial: number, part: number): string | undefined
  /** Has the values of headers go along with each request: six at most, in lower case, each ended by a line feed. */
  want(names: string): void
  /** Whether there is room for more now. */
  write(slot: number, serial: number, chunk: Uint8Array): boolean
}

/** A table of route shapes. Paths and shapes are ASCII, as they are on the wire. */
export interface Router {
  /**
   * Where each parameter of the last match starts and ends in its path (start, end, start, end…), a wildcard last.
   * It means nothing after a miss, and the next match writes over it.
   */
  readonly offsets: Uint32Array
  /** Makes a server that matches by this table; only the native core has it. */
  createServer?(
    options: NativeServerOptions,
    onRequest: (path?: string, ...wanted: (string | undefined)[]) => unknown,
    onEvent: (event: number, slot: number, serial: number, data?: Uint8Array | string, more?: string | boolean) => void,
    later: readonly [body: Uint8Array | string | undefined],
  ): NativeServer
  /**
   * Adds a shape: a slash, then segments split by slashes. The segment `:` is a parameter of one byte or more, a last
   * segment `*` takes the rest of the path (one byte or more), and any other segment is literal.
   *
   * @throws Error naming the shape when it is there already, is not ASCII or has more than 32 parameters.
   * @throws RangeError when the id is not an integer from 0 to 2147483647.
   */
  insert(shape: string, id: number): void
  /**
   * The id of the shape that a path matches, or -1. A shape without a wildcard wins over one with, the wildcard with
   * the most segments before it over the others, and a literal segment over a parameter, left to right.
   *
   * @throws TypeError when the path is not a string.
   */
  match(path: string): number
}

/** A content coding, as `Content-Encoding` names it. */
export type Coding = 'br' | 'gzip' | 'zstd'

/**
 * Compression of whole bodies on the thread pool, by a few workers; what they have not come to waits, without a bound, in
 * order of arrival. A body is taken before a call returns: it may be changed at once. Rejections are errors whose `code`
 * is `BROKEN`, `CANCELLED`, `MALFORMED` or `TOO_LARGE`.
 */
export interface Codec {
  /** Takes a task out that has not begun: its promise is rejected with `CANCELLED`. Says whether there was one. */
  cancel(ticket: number): boolean
  /** What {@link Codec.compress} can make. */
  readonly codings: readonly Coding[]
  /**
   * @param body text becomes UTF-8.
   * @param level br 0 to 11, gzip 1 to 9, zstd 1 to 19.
   * @param ticket a whole number from 1 to 2^32 - 1 by which {@link Codec.cancel} knows it.
   * @throws RangeError for another level, TypeError for another body.
   */
  compress(body: Uint8Array | string, coding: Coding, level: number, ticket?: number): Promise<Uint8Array>
  /**
   * Decodes zstd; absent where neither the core nor Node has it.
   *
   * @param limit the most bytes that may come out: it stops there, and is rejected with `TOO_LARGE`.
   */
  decompress?(body: Uint8Array, limit: number): Promise<Uint8Array>
}

/** The native core, or the JavaScript that stands in for it. */
export interface Binding {
  readonly kind: 'fallback' | 'native'
  /** Why the fallback is in use; absent when it is not. */
  readonly reason?: string
  /** The hash of the sources that the binary was built from; `'fallback'` for the fallback. */
  readonly version: string
  /**
   * Binds a socket of TCP to an IP address and a port which others may bind too, and does not listen: gives its descriptor.
   * Undefined where there is no such thing.
   *
   * @throws Error that names the address.
   */
  readonly bindShared: ((address: string, port: number) => number) | undefined
  /** Makes a codec with so many workers, 1 or more. Its functions need no `this`. */
  createCodec(workers: number): Codec
  /** Makes an empty route table. Its functions need no `this`. */
  createRouter(): Router
  /** Sets the receive buffers of the sockets that listen on a port; says whether it could, which is on Linux only. */
  limitReceiveBuffers(port: number, bytes: number): boolean
}
