import type * as Uws from 'uWebSockets.js'
import { isMainThread } from 'node:worker_threads'
import { probePort } from '../core/probe-port.js'
import type { Settings } from '../core/settings.js'
import { HotpressError } from '../errors.js'
import {
  defaultBacklog,
  firstGiven,
  type Listening,
  type ListenSettings,
  nativeOnly,
  type Refusal,
  type Transport,
  type TransportHost,
} from './transport.js'
import { UwsServer } from './uws-server.js'
import { refusesSecure } from './uws-tls.js'

// Read once by the library, when it is loaded. A worker's process.env is a copy that the library does not see.
const sizeVariable = 'UWS_HTTP_MAX_HEADERS_SIZE'
const sizeOfOurs = 65_536
const sizeOfTheirs = 4096
/** What the library gives an idle connection, in milliseconds; it cannot be changed. */
const idleTimeout = 10_000

let library: typeof Uws | undefined

function largestHeader(): number {
  return Number(process.env[sizeVariable]) || (isMainThread ? sizeOfOurs : sizeOfTheirs)
}

function refuses(settings: Settings, where: ListenSettings, hasBridge: boolean): Refusal | undefined {
  if (hasBridge) return { option: 'nodeServer()', reason: 'it hands no connection over; use the transport native' }
  if (settings.idleTimeout !== undefined && settings.idleTimeout !== idleTimeout) {
    return { option: 'idleTimeout', reason: `it always closes after ${idleTimeout} ms; use the transport native` }
  }
  if (settings.proxyProtocol !== undefined) {
    return { option: 'proxyProtocol', reason: 'it reads no such header; use the transport native or node' }
  }
  const other = firstGiven(settings, [
    ...nativeOnly,
    'maxConnectionsPerAddress',
    'maxRequestsPerConnection',
    'readTimeout',
    'writeTimeout',
  ])
  if (other !== undefined) return { option: other, reason: 'it has no such limit; use the transport native' }
  if (where.backlog !== defaultBacklog) {
    return { option: 'backlog', reason: 'it has a queue of its own; use the transport native' }
  }
  if (where.fd !== undefined) {
    return { option: 'fd', reason: 'it opens its sockets by itself; use the transport native' }
  }
  if (where.http3) return { option: 'http3', reason: 'it speaks HTTP/1.1 alone; use the transport native' }
  if (where.threads !== undefined) {
    return { option: 'threads', reason: 'it has one thread, that of JavaScript; use the transport native' }
  }
  if (where.reusePort && process.platform === 'win32') {
    return { option: 'reusePort', reason: 'Windows has nothing like it' }
  }
  const refusal = refusesSecure(where)
  if (refusal !== undefined) return refusal
  const most = largestHeader()
  if (settings.headerLimit !== undefined && settings.headerLimit > most) {
    return { option: 'headerLimit', reason: `${most} bytes is its most; use the transport native` }
  }
  return undefined
}

async function load(): Promise<string | undefined> {
  if (library !== undefined) return undefined
  if (isMainThread) process.env[sizeVariable] ??= String(sizeOfOurs)
  try {
    const loaded = await import('uWebSockets.js')
    // The official build is CommonJS: what it exports is the default.
    library = 'App' in loaded ? loaded : (loaded as { default: typeof Uws }).default
    // Takes the library's own `uWebSockets` line off every response; its types do not know the call.
    const { _cfg } = library as unknown as { _cfg?: (key: string) => void }
    _cfg?.('999999990007')
    return undefined
  } catch (error) {
    const cause = error instanceof Error ? error.message.split('\n')[0] : String(error)
    return `uWebSockets.js has no binary for Node ${process.versions.node} on ${process.platform}-${process.arch} (${cause})`
  }
}

async function listen(host: TransportHost, where: ListenSettings): Promise<Listening> {
  const uws = library!
  const server = new UwsServer(uws, host, host.settings.headerLimit ?? Math.min(8192, largestHeader()), where.tls)
  // One that the library picks it does not share.
  const wanted = where.reusePort && where.port === 0 ? await freePort(where.host) : where.port
  const port = server.listen(where.host, wanted, where.reusePort)
  if (port === undefined) throw await whyNot(where)
  return { close: (plan) => server.close(plan), count: () => server.count(), port }
}

// 0 where the host cannot be bound: what is wrong with it then comes to light.
function freePort(host: string): Promise<number> {
  return probePort(host, 0).catch(() => 0)
}

// The library says only that it failed; the operating system says why.
function whyNot({ host, port }: ListenSettings): Promise<unknown> {
  const found = probePort(host, port).then(
    () =>
      new HotpressError('ADDRESS_REFUSED', { address: `${host}:${port}`, reason: 'uWebSockets.js could not bind it' }),
  )
  return found.catch((error: unknown) => error)
}

/** HTTP/1.1 by uWebSockets.js, over TLS where it is named. */
export const uwsTransport: Transport = { listen, load, name: 'uws', refuses }
