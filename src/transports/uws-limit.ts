import type * as Uws from 'uWebSockets.js'
import { statusLine } from '../core/status.js'
import { overflowHost, reserveOf, tellTooMany, tooManyConnections } from './connection-limits.js'
import type { TransportHost } from './transport.js'
import type { UwsOwner } from './uws-exchange.js'

/**
 * The limit of connections of a server of uWebSockets.js. The library does not tell connections apart: while there are more than
 * the limit, whoever asks next is refused, and closed, until there are no more.
 */
export class UwsLimit {
  readonly #isSecure: boolean
  /** Connections that close after the answer that is being made. */
  #leaving = 0
  readonly #most: number
  #open = 0
  readonly #overflow: UwsOwner | undefined
  readonly #reserve: number

  /** @param owner of whose requests it is asked. */
  constructor(host: TransportHost, owner: UwsOwner) {
    this.#isSecure = owner.protocol === 'https'
    this.#most = host.settings.maxConnections ?? 0
    this.#reserve = reserveOf(host, this.#most)
    if (this.#reserve === 0) return
    this.#overflow = {
      began: () => {
        this.#leaving++
        owner.began()
      },
      ended: () => {
        this.#leaving--
        owner.ended()
      },
      host: overflowHost(host, 'uws'),
      get isClosing() {
        return owner.isClosing
      },
      protocol: owner.protocol,
    }
  }

  /** Counts the connections of an app, and refuses those beyond the limit. */
  apply(app: Uws.TemplatedApp): void {
    if (this.#most > 0) app.filter((res, change) => this.#count(res, change))
  }

  /** A WebSocket has closed, whose connection the library counts no more. */
  closed(): void {
    this.#open--
  }

  /** What serves a request instead of its server, while there are too many connections. */
  overflow(): UwsOwner | undefined {
    return this.#overflow !== undefined && this.#open - this.#leaving > this.#most ? this.#overflow : undefined
  }

  #count(res: Uws.HttpResponse, change: number): void {
    this.#open += change
    if (change < 0 || this.#open <= this.#most + this.#reserve) return
    tellTooMany('uws')
    // It is told nothing before there is TLS.
    if (this.#isSecure) res.close()
    else refuse(res)
  }
}

function refuse(res: Uws.HttpResponse): void {
  const response = tooManyConnections()
  res.cork(() => {
    res.writeStatus(statusLine(response.statusCode))
    res.writeHeader('Content-Type', `${response.contentType}\r\nX-Content-Type-Options: nosniff`)
    const { headers = [] } = response
    for (let index = 0; index < headers.length; index += 2) res.writeHeader(headers[index]!, headers[index + 1]!)
    res.end(response.body as string, true)
  })
}
