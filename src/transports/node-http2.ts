import { createServer, type Http2Server } from 'node:http2'
import type { Socket } from 'node:net'
import { Deadlines } from '../core/deadlines.js'
import type { Census } from '../core/drain.js'
import type { NodeConnection } from './node-exchange.js'
import { headerLimit, writeTimeout } from './node-http1.js'
import { readHttp2Arrival } from './node-http2-arrival.js'
import { NodeHttp2Exchange, refuseStream } from './node-http2-exchange.js'
import { NodeHttp2Session } from './node-http2-session.js'
import { refusal } from './refusal.js'
import type { Http2Settings, TransportHost } from './transport.js'

// What the native transport has, where the app does not say.
const connectionWindow = 1024 ** 2
const idleTimeout = 60_000
const maxConcurrentStreams = 128
const streamWindow = 256 * 1024

/** Fields that node reads of a head, and bytes with 32 more for each: enough to answer a 431, and to end what is beyond. */
const mostFields = 500
const mostFieldBytes = 65_536

// Frames that are out of order, and empty ones: the connection is closed.
const mostInvalidFrames = 100

// Megabytes. What answers have yet to send counts too, and beyond it node refuses requests (since 22): its default of ten
// is passed by one page of large images. The app holds that in any case, and what clients can make it hold has bounds of
// its own.
const mostSessionMemory = 1024

/** Milliseconds after which streams are looked at that node keeps. */
const sweepTime = 1000

/** HTTP/2 by node:http2, on sockets that others have accepted. */
export class NodeHttp2 {
  readonly #server: Http2Server
  #accepting: Socket | undefined
  #isEnding = false
  readonly #sessions = new Set<NodeHttp2Session>()
  #sweep: NodeJS.Timeout | undefined

  constructor(host: TransportHost, settings: Http2Settings, connection: NodeConnection) {
    const most = host.settings.headerLimit ?? headerLimit
    const rules = {
      idle: new Deadlines(host.settings.idleTimeout ?? idleTimeout),
      log: host.log,
      maxRequests: host.settings.maxRequestsPerConnection ?? 0,
      writeTimeout: host.settings.writeTimeout ?? writeTimeout,
    }
    this.#server = createServer({
      maxHeaderListPairs: mostFields,
      maxSessionInvalidFrames: mostInvalidFrames,
      maxSessionMemory: mostSessionMemory,
      settings: {
        enableConnectProtocol: false,
        enablePush: false,
        initialWindowSize: settings.streamWindow ?? streamWindow,
        maxConcurrentStreams: settings.maxConcurrentStreams ?? maxConcurrentStreams,
        maxHeaderListSize: Math.max(mostFieldBytes, most * 2),
      },
    })
    this.#server.on('session', (session) => {
      const socket = this.#accepting!
      const own = new NodeHttp2Session(session, socket, rules)
      this.#sessions.add(own)
      if (this.#sessions.size === 1) this.#sweep = setInterval(() => this.#look(), sweepTime).unref()
      socket.once('close', () => {
        this.#sessions.delete(own)
        if (this.#sessions.size === 0) clearInterval(this.#sweep)
      })
      // Their names and values one after the other are there beside the record, which joins what is repeated.
      session.on('stream', (stream, _headers, flags, ...more: readonly unknown[]) => {
        if (!own.opened(stream)) return
        const arrival = readHttp2Arrival(more[0] as readonly string[], (flags & endStream) === 0, most)
        if (arrival instanceof Error) {
          refuseStream(stream, refusal(arrival))
          // What follows is of no account.
          own.cutAfterAnswer(stream)
        } else {
          const serving = connection.hostFor(socket)
          new NodeHttp2Exchange(serving, stream, arrival, own, connection).serve()
          if (serving !== host) own.close()
        }
      })
      if (this.#isEnding) own.announce()
      session.setLocalWindowSize(settings.connectionWindow ?? connectionWindow)
    })
  }

  /** Speaks with a client. */
  accept(socket: Socket): void {
    if (socket.destroyed) return
    // Its session is made in the same breath.
    this.#accepting = socket
    this.#server.emit('connection', socket)
    this.#accepting = undefined
  }

  #look(): void {
    for (const session of this.#sessions) session.sweep()
  }

  /** Says that no more connections are needed of clients; requests on their way are still taken. */
  announce(): void {
    this.#isEnding = true
    for (const session of this.#sessions) session.announce()
  }

  /** What is open. */
  count(): Census {
    let requests = 0
    for (const session of this.#sessions) requests += session.size
    return { connections: this.#sessions.size, requests, sockets: 0 }
  }

  /** Takes no more requests: each connection ends with those that are under way. */
  close(): void {
    for (const session of this.#sessions) session.close()
  }

  /** Cuts off what is left. */
  destroy(): void {
    for (const session of this.#sessions) session.destroy()
  }
}

const endStream = 0x1
