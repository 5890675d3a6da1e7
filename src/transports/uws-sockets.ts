import type * as Uws from 'uWebSockets.js'
import type { HeaderPairs } from '../core/headers.js'
import { SnapshotSource } from '../core/snapshot-source.js'
import { statusLine } from '../core/status.js'
import type { PendingUpgrade, TransportSocket, TransportSocketEvents, UpgradeRoute } from '../core/upgrade.js'
import type { Arrival } from './arrived-exchange.js'

/** What a socket of the library carries. */
interface Carried {
  readonly events: TransportSocketEvents
}

/** What the library needs of a request to upgrade it; its own request is gone when its callback has returned. */
interface Offer {
  readonly context: Uws.us_socket_context_t
  readonly extensions: string
  readonly key: string
  readonly protocol: string
}

/** A request for a WebSocket that waits for its answer. */
class UwsPending implements PendingUpgrade {
  #isGone = false
  readonly #offer: Offer
  #onGone: (() => void) | undefined
  #res: Uws.HttpResponse | undefined
  readonly source: SnapshotSource

  constructor(res: Uws.HttpResponse, source: SnapshotSource, offer: Offer) {
    this.#offer = offer
    this.#res = res
    this.source = source
    res.onAborted(() => {
      this.#isGone = true
      this.#res = undefined
      this.#onGone?.()
    })
  }

  get isGone(): boolean {
    return this.#isGone
  }

  accept(events: TransportSocketEvents, headers: HeaderPairs): void {
    this.#answer((res) => {
      const { context, extensions, key, protocol } = this.#offer
      res.writeStatus('101 Switching Protocols')
      writeHeaders(res, headers)
      res.upgrade<Carried>({ events }, key, protocol, extensions, context)
    })
  }

  onGone(callback: () => void): void {
    this.#onGone = callback
  }

  refuse(status: number, headers: HeaderPairs, body: string | Uint8Array): void {
    this.#answer((res) => {
      res.writeStatus(statusLine(status))
      writeHeaders(res, headers)
      res.end(body, true)
    })
  }

  // An upgrade has no second answer, and after the first the library's response is gone.
  #answer(write: (res: Uws.HttpResponse) => void): void {
    const res = this.#res
    if (res === undefined) return
    this.#res = undefined
    res.cork(() => write(res))
  }
}

/** A WebSocket of the library. */
class UwsSocket implements TransportSocket {
  readonly #ws: Uws.WebSocket<Carried>

  constructor(ws: Uws.WebSocket<Carried>) {
    this.#ws = ws
  }

  get bufferedAmount(): number {
    return this.#ws.getBufferedAmount()
  }

  close(code: number, reason: string): void {
    this.#ws.end(code, reason)
  }

  cut(): void {
    this.#ws.close()
  }

  send(data: string | Uint8Array, isBinary: boolean, isCompressed: boolean): boolean {
    return this.#ws.send(data, isBinary, isCompressed) !== 2
  }
}

/**
 * Adds the routes of WebSockets to an app of the library.
 *
 * @param read reads a request whole, or answers it and gives undefined.
 */
export function addSockets(
  uws: typeof Uws,
  app: Uws.TemplatedApp,
  routes: readonly UpgradeRoute[],
  protocol: 'http' | 'https',
  read: (res: Uws.HttpResponse, req: Uws.HttpRequest) => Arrival | undefined,
): void {
  // The library's types have these as types alone.
  const { DISABLED, SHARED_COMPRESSOR } = uws as unknown as Record<'DISABLED' | 'SHARED_COMPRESSOR', number>
  for (const route of routes) {
    const behavior: Uws.WebSocketBehavior<Carried> = {
      close: (ws, code, reason) => ws.getUserData().events.onClose(code, Buffer.from(reason.slice(0))),
      compression: route.isCompressed ? SHARED_COMPRESSOR : DISABLED,
      drain: (ws) => ws.getUserData().events.onDrain(),
      // Whoever takes them looks after silent ones, and after what waits to be sent.
      idleTimeout: 0,
      maxBackpressure: 0,
      maxPayloadLength: route.maxPayload,
      // The library takes the message's memory back when this returns.
      message: (ws, message, isBinary) => ws.getUserData().events.onMessage(Buffer.from(message.slice(0)), isBinary),
      open: (ws) => ws.getUserData().events.onOpen(new UwsSocket(ws)),
      sendPingsAutomatically: false,
      upgrade: (res, req, context) => {
        const offer = {
          context,
          extensions: req.getHeader('sec-websocket-extensions'),
          key: req.getHeader('sec-websocket-key'),
          protocol: req.getHeader('sec-websocket-protocol'),
        }
        const arrival = read(res, req)
        if (arrival === undefined) return
        const ip = Buffer.from(res.getRemoteAddressAsText()).toString('latin1')
        const pending = new UwsPending(res, new SnapshotSource({ ...arrival, ip, protocol }), offer)
        route.upgrade(pending)
      },
    }
    app.ws(route.path, behavior)
    app.ws(`${route.path}/`, behavior)
  }
}

function writeHeaders(res: Uws.HttpResponse, headers: HeaderPairs): void {
  for (let index = 0; index < headers.length; index += 2) res.writeHeader(headers[index]!, headers[index + 1]!)
}
