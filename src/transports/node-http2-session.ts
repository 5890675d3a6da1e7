import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { TLSSocket } from 'node:tls'
import type { Deadlines, Expiring, Wait } from '../core/deadlines.js'
import type { Logger } from '../core/logger.js'
import { hostNameOf, peerCertificateDerOf } from './node-tls.js'

/** Milliseconds for which a client may see that all is said, and close. */
const patience = 1000

/** Seconds without a byte after which a client is asked whether it is there, and for which it may answer. */
const silence = 15
const answerTime = 10

/** The highest number of a stream: a GOAWAY with it refuses none. */
const anyStream = 2 ** 31 - 1

/** What all sessions of a server have in common. */
export interface SessionRules {
  /** For a connection without a request. */
  readonly idle: Deadlines
  readonly log: Logger
  /** Requests of one connection; 0 for no limit. */
  readonly maxRequests: number
  /** Milliseconds for which a client may take nothing of an answer. */
  readonly writeTimeout: number
}

/** So many at once, and so many a second from then on. */
class Allowance {
  #at: number = performance.now()
  #left: number
  readonly #burst: number
  readonly #rate: number

  constructor(burst: number, rate: number) {
    this.#burst = burst
    this.#left = burst
    this.#rate = rate
  }

  /** Takes one; false where there is none left. */
  take(): boolean {
    const now = performance.now()
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#at) * this.#rate) / 1000)
    this.#at = now
    this.#left--
    return this.#left >= 0
  }
}

/**
 * One connection of HTTP/2, and how its client behaves. Node and nghttp2 bound what waits in their queues; what costs work
 * and is answered at once is for us to count: streams that are given up, by the client or by what it makes the server
 * refuse (rapid reset, MadeYouReset), pings and settings.
 */
export class NodeHttp2Session implements Expiring {
  /** Streams that we have given up ourselves. */
  readonly #cut = new WeakSet<ServerHttp2Stream>()
  #idle: Wait | undefined
  readonly #open = new Set<ServerHttp2Stream>()
  readonly #pings = new Allowance(100, 10)
  #read = 0
  #requests = 0
  // A page that is left gives up all that it was waiting for.
  readonly #resets = new Allowance(200, 20)
  readonly #rules: SessionRules
  #isClosing = false
  readonly #session: ServerHttp2Session
  readonly #settings = new Allowance(20, 1)
  /** Seconds for which nothing has come. */
  #silence = 0
  readonly #socket: Socket | TLSSocket
  /** Streams that were closed when they were last looked at. */
  readonly #stale = new WeakSet<ServerHttp2Stream>()
  readonly ip: string
  readonly protocol: 'http' | 'https'

  constructor(session: ServerHttp2Session, socket: Socket | TLSSocket, rules: SessionRules) {
    this.#rules = rules
    this.#session = session
    this.#socket = socket
    this.ip = socket.remoteAddress ?? ''
    this.protocol = 'encrypted' in socket ? 'https' : 'http'
    this.#idle = rules.idle.add(this)
    socket.once('close', () => rules.idle.remove(this.#idle))
    // Node waits for the client to close its side, which may never do it.
    socket.once('finish', () => setTimeout(() => socket.destroy(), patience).unref())
    // The streams tell of what becomes of their connection.
    session.on('error', () => {})
    session.on('ping', () => this.#count(this.#pings, 'pings'))
    session.on('remoteSettings', () => this.#count(this.#settings, 'settings'))
  }

  /** The verified certificate of the client, as DER. */
  get peerCertificateDer(): Uint8Array | undefined {
    return peerCertificateDerOf(this.#socket)
  }

  get sni(): string | undefined {
    return hostNameOf(this.#socket)
  }

  /** Requests under way. */
  get size(): number {
    return this.#open.size
  }

  /** Says that the connection ends; requests on their way are still taken (RFC 9113, 6.8). */
  announce(): void {
    if (!this.#session.destroyed && !this.#session.closed) this.#session.goaway(constants.NGHTTP2_NO_ERROR, anyStream)
  }

  /** Gives a stream up. */
  cut(stream: ServerHttp2Stream, code: number): void {
    if (stream.destroyed) return
    this.#cut.add(stream)
    if (code !== constants.NGHTTP2_INTERNAL_ERROR) {
      stream.close(code)
      return
    }
    // To close it would end it first, and what was sent be taken for whole. Where a stream is destroyed by what the read that
    // is under way sets off, and has something to send, its reset can be lost: node then writes empty frames without end.
    setImmediate(() => stream.destroy(new Error('the answer is not whole')))
  }

  /** Gives a stream up when its answer is out, if its client has not ended it by then. */
  cutAfterAnswer(stream: ServerHttp2Stream): void {
    stream.once('finish', () => this.cut(stream, constants.NGHTTP2_NO_ERROR))
  }

  /** Takes no more requests: the connection ends with those that are under way. */
  close(): void {
    if (!this.#session.destroyed) this.#session.close()
  }

  /** Cuts off what is left. */
  destroy(): void {
    this.#socket.destroy()
  }

  expire(): void {
    if (this.#isClosing) {
      this.destroy()
      return
    }
    // For a client that takes nothing any more it is as long again.
    this.#isClosing = true
    this.#idle = this.#rules.idle.add(this)
    this.close()
  }

  /**
   * Lets go of what node does not tell of: streams that their client has given up, and connections that nghttp2 has given up
   * for an error, or that nobody is behind any more. Called every second.
   */
  sweep(): void {
    this.#listen()
    for (const stream of this.#open) {
      if (!stream.closed || stream.destroyed) continue
      if (this.#stale.has(stream)) stream.destroy()
      else this.#stale.add(stream)
    }
  }

  /** A request has come. @returns whether it is to be answered: its client may have given it up by now. */
  opened(stream: ServerHttp2Stream): boolean {
    const { idle, maxRequests, writeTimeout } = this.#rules
    // What is wrong with a stream its `close` tells of; unheard, it would be thrown.
    stream.on('error', () => {})
    if (stream.destroyed || stream.closed) {
      stream.destroy()
      this.#count(this.#resets, 'streams that were given up')
      return false
    }
    if (this.#open.size === 0) idle.remove(this.#idle)
    this.#requests++
    if (this.#requests === maxRequests) this.close()
    // One that is given up with the code for no error stays in node with all that it was to send, and keeps the end of its
    // connection from being seen.
    stream.once('aborted', () => process.nextTick(() => stream.destroy()))
    // Told when nothing moves; what waits for a handler has nothing to be taken.
    stream.setTimeout(writeTimeout, () => {
      if (stream.writableLength > 0) this.cut(stream, constants.NGHTTP2_INTERNAL_ERROR)
    })
    this.#open.add(stream)
    stream.once('close', () => {
      this.#open.delete(stream)
      if (this.#open.size === 0 && !this.#socket.destroyed) this.#idle = idle.add(this)
      if (this.#cut.has(stream)) return
      if (stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR || !stream.writableFinished) {
        this.#count(this.#resets, 'streams that were given up')
      }
    })
    return true
  }

  // Where requests are under way and nothing comes, a PING tells whether anybody is there.
  #listen(): void {
    const { bytesRead } = this.#socket
    if (bytesRead !== this.#read || this.#open.size === 0) this.#silence = 0
    else this.#silence++
    this.#read = bytesRead
    if (this.#silence === silence && !this.#session.destroyed) this.#session.ping(() => {})
    else if (this.#silence > silence + answerTime) this.destroy()
  }

  #count(allowance: Allowance, what: string): void {
    if (allowance.take() || this.#session.destroyed) return
    this.#rules.log.warn(`connection closed: a flood of ${what}`)
    this.#session.destroy(new Error(`a flood of ${what}`), constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }
}
