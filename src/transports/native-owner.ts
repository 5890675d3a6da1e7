import type { HeaderLines } from '../core/header-lines.js'
import type { HttpResponse } from '../core/response.js'
import type { NativeServer } from '../native/types.js'
import type { WantedHeaders } from './native-wanted.js'
import type { TransportHost } from './transport.js'

/** The functions and numbers of the core. */
export type NativeIo = NativeServer

/** What an exchange needs of the server that it came by. */
export interface NativeOwner<Exchange> {
  readonly host: TransportHost
  readonly io: NativeIo
  /** Holds the body of an answer that goes back with the callback: for one that is settled after it has returned. */
  readonly later: [body: string | Uint8Array | undefined]
  /** Where the header lines of an answer stand that goes back with the callback. */
  readonly lines: HeaderLines
  /** Whether the core makes the lines of the access log for what it serves in the event loop. */
  readonly makesLines: boolean
  readonly typeIndex: ReadonlyMap<string, number>
  readonly wanted: WantedHeaders
  /** Where the body of the request stands that is handed over, when it has come whole with its head. */
  readonly whole: Uint8Array
  /**
   * The address of a connection's peer, by the slot and the number of the connection.
   *
   * @throws HotpressError `REQUEST_OVER`
   */
  addressOf(slot: number, serial: number, connection: number): string
  /** Tells a connection from all others of the process. */
  connectionOf(slot: number, connection: number): number
  /** The certificate that its client has proved to be its own, as DER; undefined without one, and where it is over. */
  certificateOf(slot: number, serial: number, connection: number): Uint8Array | undefined
  /** Gives the answer an id that goes back with the callback of a request, if that is still to return. */
  nameReturned(serial: number, response: HttpResponse, id: string): void
  /** The host name that its client asked for by TLS; undefined without one, and where it is over. */
  sniOf(slot: number, serial: number, connection: number): string | undefined
  /**
   * A part of the head of a request. It is Rust's, and gone with the answer.
   *
   * @throws HotpressError `REQUEST_OVER`
   */
  textOf(slot: number, serial: number, part: number): string
  /** An exchange outlives its callback, or takes a body. */
  began(exchange: Exchange): void
  /** An exchange that had begun is over. */
  ended(exchange: Exchange): void
}
