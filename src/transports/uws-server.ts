import type * as Uws from 'uWebSockets.js'
import { Buffer } from 'node:buffer'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Census, DrainPlan } from '../core/drain.js'
import { Framing, violation } from '../core/guard.js'
import { findHeader } from '../core/headers.js'
import type { HttpResponse } from '../core/response.js'
import { statusLine } from '../core/status.js'
import { binding } from '../native/binding.js'
import { refusal, refusalOf } from './refusal.js'
import type { TlsSettings, TransportHost } from './transport.js'
import { UwsExchange, type UwsOwner } from './uws-exchange.js'
import { UwsLimit } from './uws-limit.js'
import { quietTurn } from './uws-quiet.js'
import { UwsSockets } from './uws-socket.js'
import { secureApp } from './uws-tls.js'

/**
 * Bytes that the system takes in for a connection, twice that with what it needs for itself. The library reads on while
 * a read fills its buffer of 512 KB, whether it was told to pause or not: a client that is fast enough was never held.
 */
const receiveBuffer = 212_992

/** Milliseconds between two looks at whether connections are left. */
const pause = 10

/** An app of uWebSockets.js, and what its requests have in common. */
export class UwsServer implements UwsOwner {
  readonly #app: Uws.TemplatedApp
  #connections = 0
  readonly #counted = (_res: Uws.HttpResponse, change: number): void => {
    this.#connections += change
  }
  readonly #framing = new Framing()
  readonly #headerLimit: number
  #headers: string[] = []
  readonly #limit: UwsLimit
  #onIdle: (() => void) | undefined
  #port: number | undefined
  #sharesPort = false
  #socket: Uws.us_listen_socket | undefined
  readonly #sockets: UwsSockets | undefined
  #underWay = 0
  readonly #uws: typeof Uws
  readonly #visit = (name: string, value: string): void => {
    value = latin1(value)
    this.#headers.push(name, value)
    this.#framing.add(name, value)
  }
  readonly host: TransportHost
  isClosing = false

  readonly protocol: 'http' | 'https'

  constructor(uws: typeof Uws, host: TransportHost, headerLimit: number, tls: TlsSettings | undefined) {
    this.host = host
    this.#headerLimit = headerLimit
    this.#uws = uws
    this.protocol = tls === undefined ? 'http' : 'https'
    const limit = new UwsLimit(host, this)
    this.#limit = limit
    const sockets =
      host.sockets &&
      new UwsSockets(host.sockets.limits, () => {
        this.#connections--
        limit.closed()
      })
    this.#sockets = sockets
    const prepare = (app: Uws.TemplatedApp): Uws.TemplatedApp => {
      sockets?.prepare(app, (res, req, context) => this.#handle(res, req, context))
      return app.any('/*', (res, req) => this.#handle(res, req))
    }
    this.#app = tls === undefined ? prepare(uws.App()) : secureApp(uws, tls, prepare)
    this.#app.filter(this.#counted)
    limit.apply(this.#app)
    sockets?.publishBy(this.#app)
  }

  began(): void {
    this.#underWay++
  }

  async close({ drain, idleGrace }: DrainPlan): Promise<Census> {
    const begun = performance.now()
    this.isClosing = true
    // Where nobody else has the port, who comes next is refused in any case.
    if (this.#sharesPort && idleGrace > 0) await quietTurn()
    if (this.#socket !== undefined) this.#uws.us_listen_socket_close(this.#socket)
    this.#socket = undefined
    this.#sockets?.leave()
    // The library knows nothing of which connections are idle: all of them have that time, if there are any.
    while (this.#connections > 0 && performance.now() - begun < idleGrace) await sleep(pause)
    await this.#answered(drain - (performance.now() - begun))
    // What was answered while the library reads leaves when it has read.
    await new Promise(setImmediate)
    await this.#sockets?.left(this.#port)
    const requests = this.#underWay
    const sockets = this.#sockets?.size ?? 0
    this.#app.close()
    return { connections: requests + sockets, requests, sockets }
  }

  count(): Census {
    return { connections: this.#connections, requests: this.#underWay, sockets: this.#sockets?.size ?? 0 }
  }

  ended(): void {
    this.#underWay--
    if (this.#underWay === 0) this.#onIdle?.()
  }

  /**
   * @param sharesPort whether other processes may listen on the port too.
   * @returns the port, or undefined when the library could not bind it.
   */
  listen(host: string, port: number, sharesPort: boolean): number | undefined {
    const { LIBUS_LISTEN_EXCLUSIVE_PORT: exclusive } = this.#uws as unknown as { LIBUS_LISTEN_EXCLUSIVE_PORT: number }
    this.#sharesPort = sharesPort
    let result: number | undefined
    const taken = (socket: Uws.us_listen_socket | false): void => {
      if (socket === false) return
      this.#socket = socket
      result = this.#uws.us_socket_local_port(socket)
      this.#port = result
    }
    // The library's types leave out this form, which its code has. Without the option a second process could share the
    // port unasked (SO_REUSEPORT), and an address would never be reported as in use.
    const app = this.#app as unknown as { listen(...args: [string, number, number, typeof taken]): void }
    app.listen(host, port, sharesPort ? 0 : exclusive, taken)
    if (result !== undefined) binding().limitReceiveBuffers(result, receiveBuffer)
    return result
  }

  #answered(time: number): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, time))
      this.#onIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #handle(res: Uws.HttpResponse, req: Uws.HttpRequest, context?: Uws.us_socket_context_t): void {
    const framing = this.#framing
    framing.reset()
    // One walk shows what the guard must see (a second Host or Content-Length is invisible to getHeader) and takes the
    // headers along, so that a request never depends on the callback it came in.
    const headers: string[] = []
    this.#headers = headers
    req.forEach(this.#visit)
    // Before getMethod(), which would make the method lower-case in place.
    const method = req.getCaseSensitiveMethod()
    const path = req.getUrl()
    const query = req.getQuery() ?? ''
    framing.query = query
    // The library looks at the first Connection header, and no further than its length.
    const isLast = framing.closes && findHeader(headers, 'connection')?.length === 'close'.length
    const error = violation(method, path, framing)
    if (error !== undefined || framing.size + path.length + query.length > this.#headerLimit) {
      refuse(res, error === undefined ? refusalOf(431) : refusal(error), isLast)
      return
    }
    const { bodySize, closes } = framing
    const arrival = { bodySize, closes, headers, isLast, method, path, query }
    new UwsExchange(this.#limit.overflow() ?? this, res, arrival, context).serve()
  }
}

// After the read, as every answer that closes the connection (see UwsExchange): else the next request would be served.
function refuse(res: Uws.HttpResponse, response: HttpResponse, isLast: boolean): void {
  const connection = isLast ? '\r\nConnection: close' : ''
  let isGone = false
  res.onAborted(() => {
    isGone = true
  })
  setImmediate(() => {
    if (isGone) return
    res.cork(() => {
      res.writeStatus(statusLine(response.statusCode))
      res.writeHeader('Content-Type', `${response.contentType}\r\nX-Content-Type-Options: nosniff${connection}`)
      res.end(response.body as string, true)
    })
  })
}

// The library reads values as UTF-8; on every transport they are Latin-1 (RFC 9110, 5.5).
function latin1(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  return /[^\x00-\x7f]/.test(value) ? Buffer.from(value).toString('latin1') : value
}
