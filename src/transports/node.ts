import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { Deadlines } from '../core/deadlines.js'
import type { HttpResponse } from '../core/response.js'
import type { Settings } from '../core/settings.js'
import { statusLine } from '../core/status.js'
import { HotpressError } from '../errors.js'
import { readArrival } from './node-arrival.js'
import { endWith, type NodeConnection, NodeExchange } from './node-exchange.js'
import { ProxyGate } from './proxy-peer.js'
import { refusal, refusalOf } from './refusal.js'
import {
  firstGiven,
  type Listening,
  type ListenSettings,
  nativeOnly,
  type Transport,
  type TransportHost,
} from './transport.js'

/** Bytes of a request's headers where the app does not say. */
const headerLimit = 8192

/** Milliseconds for each pause within a body, and for the header of a proxy, where the app does not say. */
const readTimeout = 30_000

/** Milliseconds after which connections that have become idle are closed, while the server closes. */
const sweepTime = 50

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

function create(settings: Settings, { tls }: ListenSettings): Server {
  if (tls === undefined) return createNodeServer(settings)
  try {
    const { cert, key } = tls.certificates[0]!
    return createTlsServer({ ...optionsFor(settings), cert, key, minVersion: tls.minVersion })
  } catch (error) {
    const reason = `cannot be used together: ${(error as Error).message}`
    throw new HotpressError('CERTIFICATE_UNREADABLE', { option: 'cert and key', reason }, { cause: error })
  }
}

async function listen(host: TransportHost, where: ListenSettings): Promise<Listening> {
  // The app's own server is the listening one; a server for TLS it cannot be.
  const bridged = where.tls === undefined ? host.bridge?.server : undefined
  const server = bridged?.listening === false ? bridged : create(host.settings, where)
  const connection = attach(server, host, where.tls === undefined ? 'http' : 'https')
  const { log, settings } = host
  const proxies = settings.proxyProtocol
  const gate = proxies && ProxyGate.before(server, { deadlines: connection.bodyDeadlines, log, proxies })
  await bind(server, where)
  return {
    close(drain) {
      gate?.close()
      return close(server, connection, drain)
    },
    port: (server.address() as AddressInfo).port,
  }
}

/** A server that does not listen yet, with the limits of the settings. */
export function createNodeServer(settings: Settings): Server {
  return createServer(optionsFor(settings))
}

const attached = new WeakMap<Server, NodeConnection>()

/** Has a server's requests served by an app. */
export function attach(server: Server, host: TransportHost, protocol: 'http' | 'https'): NodeConnection {
  const before = attached.get(server)
  if (before !== undefined) return Object.assign(before, { isClosing: false })
  const last = new Set<Socket>()
  const bodyTimeout = host.settings.readTimeout ?? readTimeout
  const connection: NodeConnection = {
    bodyDeadlines: new Deadlines(bodyTimeout),
    bodyTimeout,
    isClosing: false,
    last,
    protocol,
    refuseLate(socket) {
      const late: NodeJS.ErrnoException = new Error('the body did not arrive in time')
      late.code = 'ERR_HTTP_REQUEST_TIMEOUT'
      server.emit('clientError', late, socket)
    },
  }
  attached.set(server, connection)
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
      new NodeExchange(host, req, res, arrival, connection, expectsContinue).serve()
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
    else socket.end(refusalText(refusalOf(statuses[code] ?? 400)))
  })
  return connection
}

// What node's parser and timers find, by the codes they give; anything else is malformed.
const statuses: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
}

function refuse(res: ServerResponse, response: HttpResponse): void {
  const headers = ['Connection', 'close', 'Content-Type', response.contentType!, 'X-Content-Type-Options', 'nosniff']
  res.writeHead(response.statusCode, headers).end(response.body)
}

function refusalText(response: HttpResponse): string {
  const body = response.body as string
  const head = `Connection: close\r\nContent-Type: ${response.contentType}\r\nX-Content-Type-Options: nosniff`
  return `HTTP/1.1 ${statusLine(response.statusCode)}\r\n${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

function bind(server: Server, { host, port }: ListenSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const address = `${host}:${port}`
      if (error.code === 'EADDRINUSE') reject(new HotpressError('ADDRESS_IN_USE', { address }, { cause: error }))
      else reject(new HotpressError('ADDRESS_REFUSED', { address, reason: error.message }, { cause: error }))
    })
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

export async function close(server: Server, connection: NodeConnection, drain: number): Promise<void> {
  connection.isClosing = true
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  // What is idle later would be kept for as long as any idle connection: the end of an answer is known here after its client.
  const sweep = setInterval(() => server.closeIdleConnections(), sweepTime)
  const timer = setTimeout(() => server.closeAllConnections(), drain)
  await closed
  clearInterval(sweep)
  clearTimeout(timer)
}

/** HTTP/1.1 by node:http and node:https: what needs no binary. */
export const nodeTransport: Transport = {
  listen,
  load: async () => undefined,
  name: 'node',
  refuses(settings) {
    const option = firstGiven(settings, nativeOnly)
    return option && { option, reason: 'it has no such limit; use the transport native' }
  },
}
