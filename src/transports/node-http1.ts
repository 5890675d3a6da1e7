import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Deadlines } from '../core/deadlines.js'
import type { Settings } from '../core/settings.js'
import { overflowHost, reserveOf } from './connection-limits.js'
import { readArrival } from './node-arrival.js'
import { isAnswering } from './node-connections.js'
import { endWith, type NodeConnection, NodeExchange } from './node-exchange.js'
import { refuse, responseText } from './node-refusal.js'
import { takeUpgrades } from './node-upgrade.js'
import { refusal, refusalOf } from './refusal.js'
import type { TransportHost } from './transport.js'

/** Bytes of a request's headers where the app does not say. */
export const headerLimit = 8192

/** Milliseconds for each pause within a body, and for the header of a proxy, where the app does not say. */
const readTimeout = 30_000

/** Milliseconds for which a client may take nothing of an answer, where the app does not say. */
export const writeTimeout = 30_000

/** A server that does not listen yet, with the limits of the settings. */
export function createNodeServer(settings: Settings): Server {
  return createServer(optionsFor(settings))
}

function optionsFor(settings: Settings): ServerOptions {
  return {
    insecureHTTPParser: false,
    ...(settings.idleTimeout === undefined ? {} : { keepAliveTimeout: settings.idleTimeout }),
    ...(settings.readTimeout === undefined
      ? {}
      : { connectionsCheckingInterval: 500, headersTimeout: settings.readTimeout }),
    maxHeaderSize: settings.headerLimit ?? headerLimit,
    noDelay: true,
    // Node counts the time for which a sender is held; BodyClock does not.
    requestTimeout: 0,
    // The guard says it, for every transport alike.
    requireHostHeader: false,
  }
}

const attached = new WeakMap<Server, NodeConnection>()

/** Has a server's requests served by an app. */
export function attach(server: Server, host: TransportHost): NodeConnection {
  const before = attached.get(server)
  if (before !== undefined) return before
  const last = new Set<Socket>()
  const bodyTimeout = host.settings.readTimeout ?? readTimeout
  const excess = new WeakSet<Duplex>()
  const overflow = reserveOf(host, host.settings.maxConnections ?? 0) === 0 ? undefined : overflowHost(host, 'node')
  const connection: NodeConnection = {
    bodyDeadlines: new Deadlines(bodyTimeout),
    bodyTimeout,
    closing: new Set(),
    excess,
    hostFor: (socket) => (overflow !== undefined && excess.has(socket) ? overflow : host),
    last,
    refuseLate(socket) {
      const late: NodeJS.ErrnoException = new Error('the body did not arrive in time')
      late.code = 'ERR_HTTP_REQUEST_TIMEOUT'
      server.emit('clientError', late, socket)
    },
    wantsUpgrade(path) {
      const own = host.sockets === undefined ? 0 : 1
      return host.sockets?.serves(path) === true || server.listenerCount('upgrade') > own
    },
  }
  attached.set(server, connection)
  cutSlowReaders(server, host.settings.writeTimeout ?? writeTimeout)
  server.maxRequestsPerSocket = host.settings.maxRequestsPerConnection ?? 0
  const latest = new WeakMap<Socket, ServerResponse>()
  const serve = (req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void => {
    // Node goes on to hand out what it has read after a request that was refused.
    if (last.size > 0 && last.has(req.socket)) return
    latest.set(req.socket, res)
    const arrival = readArrival(req)
    if (arrival instanceof Error) {
      endWith(last, req.socket)
      refuse(res, refusal(arrival))
    } else {
      new NodeExchange(connection.hostFor(req.socket), req, res, arrival, connection, expectsContinue).serve()
    }
  }
  server.on('request', (req, res) => serve(req, res, false))
  server.on('checkContinue', (req, res) => serve(req, res, true))
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const response = latest.get(socket)
    // Bytes after the last request of a connection: its answer goes out, and then node closes the socket.
    const { code = '' } = error
    if (code === 'HPE_CLOSED_CONNECTION' || (code.startsWith('HPE_') && last.has(socket))) return
    // Into an answer that is being sent, nothing else can be written.
    const isAnswering = response?.headersSent === true && !response.writableFinished
    if (!socket.writable || isAnswering || code === 'ECONNRESET') socket.destroy()
    else socket.end(responseText(refusalOf(statuses[code] ?? 400)))
  })
  if (host.sockets !== undefined) takeUpgrades(server, host.sockets, connection)
  return connection
}

// Node's timer of a socket is over when nothing moves in either direction; what is there to be taken, and how much of it the
// system has, it looks at itself. It is the timer of idle connections too.
function cutSlowReaders(server: Server, timeout: number): void {
  server.setTimeout(timeout, (socket) => {
    if (socket.writableLength > 0 || (!isAnswering(socket) && socket.timeout !== timeout)) socket.destroy()
  })
}

// What node's parser and timers find, by the codes they give; anything else is malformed.
const statuses: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
}
