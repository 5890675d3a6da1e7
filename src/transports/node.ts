import { type AddressInfo, Server as NetServer } from 'node:net'
import { type Census, type DrainPlan, total } from '../core/drain.js'
import type { Settings } from '../core/settings.js'
import { workerId } from '../core/worker-id.js'
import { HotpressError } from '../errors.js'
import { reserveOf } from './connection-limits.js'
import { beginServing, endServing, NodeConnections } from './node-connections.js'
import type { NodeConnection } from './node-exchange.js'
import { attach, createNodeServer } from './node-http1.js'
import { NodeHttp2 } from './node-http2.js'
import { limitAddresses, limitConnections } from './node-limits.js'
import { cleartextServer, type ProtocolServer, type Protocols, plainServer, secureServer } from './node-protocols.js'
import { ProxyGate } from './proxy-peer.js'
import { isOneKind } from './tls-key.js'
import {
  firstGiven,
  type Listening,
  type ListenSettings,
  nativeOnly,
  type Refusal,
  type Transport,
  type TransportHost,
} from './transport.js'

/** Milliseconds after which connections that have become idle are closed, while the server closes. */
const sweepTime = 50

async function listen(host: TransportHost, where: ListenSettings): Promise<Listening> {
  const { http2, tls } = where
  const { bridge, log, settings } = host
  // The app's own server is the one that serves.
  const http1 = bridge?.server ?? createNodeServer(settings)
  const connection = attach(http1, host)
  const connections = new NodeConnections(http1, connection.closing)
  const isOffered = tls === undefined ? http2.cleartext : http2.isOffered
  const protocols: Protocols = {
    http1: connections,
    http2: isOffered ? new NodeHttp2(host, http2, connection) : undefined,
  }
  const outer = outerServer(where, protocols, connection, bridge !== undefined)
  const server = outer?.server ?? http1
  const isSecure = tls !== undefined
  limitAddresses(server, settings.maxConnectionsPerAddress ?? 0, isSecure)
  const proxies = settings.proxyProtocol
  const gate = proxies && ProxyGate.before(server, { deadlines: connection.bodyDeadlines, log, proxies })
  const { excess } = connection
  const most = settings.maxConnections ?? 0
  limitConnections(server, { excess, isSecure, most, reserve: reserveOf(host, most) })
  await bind(server, where)
  if (outer === undefined) http1.on('connection', (socket) => connections.add(socket))
  else beginServing(http1)
  return {
    async close(plan) {
      gate?.close()
      const left = await close(server, protocols, plan, () => outer?.closeWaiting())
      // What node:http looks after while it listens.
      if (outer === undefined) http1.close(() => {})
      else endServing(http1)
      return left
    },
    count: () => count(protocols),
    ...(where.fd === undefined ? {} : { host: (server.address() as AddressInfo).address }),
    port: (server.address() as AddressInfo).port,
    ...(outer?.setCertificates === undefined ? {} : { setCertificates: outer.setCertificates }),
  }
}

// None where the server of HTTP/1.1 listens itself: it may be the app's own, and that of other listeners with it.
function outerServer(
  { http2, tls }: ListenSettings,
  protocols: Protocols,
  { bodyDeadlines }: NodeConnection,
  isShared: boolean,
): ProtocolServer | undefined {
  if (tls !== undefined) return secureServer(tls, protocols)
  if (http2.cleartext) return cleartextServer(protocols, bodyDeadlines)
  return isShared ? plainServer(protocols) : undefined
}

function bind(server: NetServer, { backlog, fd, host, port }: ListenSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => {
      const address = fd === undefined ? `${host}:${port}` : `descriptor ${fd}`
      if (error.code === 'EADDRINUSE') reject(new HotpressError('ADDRESS_IN_USE', { address }, { cause: error }))
      else reject(new HotpressError('ADDRESS_REFUSED', { address, reason: error.message }, { cause: error }))
    }
    server.once('error', refuse)
    server.listen(fd === undefined ? { backlog, host, port } : { backlog, fd }, () => {
      server.off('error', refuse)
      if (fd === undefined || hasPort(server)) {
        resolve()
        return
      }
      server.close()
      reject(new HotpressError('ADDRESS_REFUSED', { address: `descriptor ${fd}`, reason: 'it is no socket of TCP' }))
    })
  })
}

// That of a socket of the family AF_UNIX is its path; that of what is no socket is none.
function hasPort(server: NetServer): boolean {
  return typeof ((server.address() as Partial<AddressInfo> | string | null) ?? '') === 'object'
}

async function close(
  server: NetServer,
  protocols: Protocols,
  { drain, idleGrace }: DrainPlan,
  closeWaiting: () => void,
): Promise<Census> {
  const { http1, http2 } = protocols
  let left: Census = { connections: 0, requests: 0, sockets: 0 }
  // That of node:http closes idle connections in the same breath: a request may be on its way by one.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
  http1.close()
  if (idleGrace > 0) http2?.announce()
  let sweep: NodeJS.Timeout | undefined
  const endIdle = (): void => {
    closeWaiting()
    http1.closeIdle()
    http2?.close()
    // What is idle later would be kept for as long as any idle connection: the end of an answer is known here after its client.
    sweep = setInterval(() => http1.closeIdle(), sweepTime)
  }
  const grace = idleGrace === 0 ? undefined : setTimeout(endIdle, idleGrace)
  if (grace === undefined) endIdle()
  const timer = setTimeout(() => {
    left = count(protocols)
    http1.destroy()
    http2?.destroy()
  }, drain)
  await closed
  clearInterval(sweep)
  clearTimeout(grace)
  clearTimeout(timer)
  return left
}

function count({ http1, http2 }: Protocols): Census {
  return http2 === undefined ? http1.count() : total([http1.count(), http2.count()])
}

function refuses(settings: Settings, where: ListenSettings): Refusal | undefined {
  const option = firstGiven(settings, nativeOnly)
  if (option !== undefined) return { option, reason: 'it has no such limit; use the transport native' }
  if (where.http3) return { option: 'http3', reason: 'it speaks HTTP/1.1 and HTTP/2; use the transport native' }
  // Workers share what the process that watches over them listens on.
  if (where.reusePort && workerId() === undefined) {
    return { option: 'reusePort', reason: 'it shares no port; use the transport native' }
  }
  if (where.threads !== undefined) {
    return { option: 'threads', reason: 'it has one thread, that of JavaScript; use the transport native' }
  }
  // Node adds the certificate for a host name to the default one: of two kinds the client takes the one that it likes.
  if (where.tls !== undefined && !isOneKind(where.tls.certificates.map(({ keyDer }) => keyDer))) {
    const reason = 'by SNI it tells certificates of one kind of key alone from each other; use the transport native'
    return { option: 'certificates of tls', reason }
  }
  return undefined
}

/** HTTP/1.1 and HTTP/2 by node:http and node:http2, over TLS by node:tls: what needs no binary. */
export const nodeTransport: Transport = { listen, load: async () => undefined, name: 'node', refuses }
