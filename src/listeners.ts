import type { Census } from './core/drain.js'
import type { Endings } from './core/endings.js'
import type { Phase } from './core/phase.js'
import type { Settings, TransportName } from './core/settings.js'
import { describe, HotpressError } from './errors.js'
import { settleListen } from './listen-options.js'
import type { ListenOptions } from './option-types.js'
import { redirectingHost } from './redirect.js'
import { coreInfo } from './routing/matcher.js'
import { chooseTransport } from './transports/choose.js'
import { AppServer, type ListeningServer } from './transports/listening-server.js'
import type { TransportHost } from './transports/transport.js'

/** What an app runs on. */
export interface Capabilities {
  readonly native: {
    readonly kind: 'fallback' | 'native'
    /** Why the fallback is in use. */
    readonly reason?: string
    readonly version: string
  }
  /** The transport of each address that the app listens on. */
  readonly transports: readonly TransportName[]
}

/** What listeners have of their app. */
export interface ListenersParts {
  readonly endings: Endings
  readonly phase: Phase
  readonly settings: Settings
  /** Whether Node's own server shares the connections. */
  hasNodeServer(): boolean
  /** Starts the app, if it has not been, and lets its sockets in. */
  start(): TransportHost
}

/** The listeners of an app. */
export class Listeners {
  readonly #all = new Set<AppServer>()
  /** Those that are about to listen; they never reject. */
  readonly #beginning = new Set<Promise<unknown>>()
  /** Those that have begun to close by themselves. */
  readonly #closing = new Set<AppServer>()
  readonly #parts: ListenersParts

  constructor(parts: ListenersParts) {
    this.#parts = parts
  }

  /** Adds one, as `app.listen()` says. */
  add(options: ListenOptions, onReady?: (server: ListeningServer) => void, held?: number): Promise<ListeningServer> {
    const begun = this.#begin(options, onReady, held)
    const settled: Promise<unknown> = begun.catch(() => {})
    this.#beginning.add(settled)
    void settled.then(() => this.#beginning.delete(settled))
    return begun
  }

  /** What the app runs on. */
  capabilities(): Capabilities {
    return { native: coreInfo(), transports: [...this.#all].map(({ transport }) => transport) }
  }

  /** What each has open. */
  counts(): readonly { readonly census: Census; readonly transport: TransportName }[] {
    return [...this.#all, ...this.#closing].map((server) => ({ census: server.count(), transport: server.transport }))
  }

  /** Each that listens or closes, once those that are about to listen do so. */
  settled(): Promise<readonly AppServer[]> | readonly AppServer[] {
    const found = (): readonly AppServer[] => [...this.#all, ...this.#closing]
    return this.#beginning.size === 0 ? found() : Promise.all(this.#beginning).then(found)
  }

  async #begin(
    options: ListenOptions,
    onReady: ((server: ListeningServer) => void) | undefined,
    held: number | undefined,
  ): Promise<ListeningServer> {
    const { endings, phase, settings } = this.#parts
    const { log } = settings
    const { redirect, watched, where } = settleListen(options, log, held)
    if (onReady !== undefined && typeof onReady !== 'function') {
      throw new HotpressError('HANDLER_INVALID', { got: describe(onReady), what: 'the second argument of listen()' })
    }
    const hasBridge = redirect === undefined && this.#parts.hasNodeServer()
    const transport = await chooseTransport(settings, where, hasBridge, (name, reason) =>
      log.info(`not serving by ${name}: ${reason}`),
    )
    const host = this.#parts.start()
    const serving = redirect === undefined ? host : redirectingHost(host, redirect, () => this.#securePort())
    const listening = await transport.listen(serving, where)
    const { host: address = where.host, port } = listening
    const authority = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
    const scheme = where.tls === undefined ? 'http' : 'https'
    const server: AppServer = new AppServer({
      address: { host: address, port, transport: transport.name, url: `${scheme}://${authority}` },
      listening,
      log,
      onClose: (closing) => {
        this.#all.delete(closing)
        this.#closing.add(closing)
        endings.closes()
      },
      onClosed: () => {
        this.#closing.delete(server)
        endings.closed()
      },
      refuses: (tls) => transport.refuses(settings, { ...where, tls }, hasBridge),
      tls: where.tls,
      watched,
    })
    this.#all.add(server)
    endings.listens()
    // The app may have begun to close meanwhile, which waits for this.
    if (phase.name !== 'draining') phase.name = 'ready'
    const { kind, reason } = coreInfo()
    const core = reason === undefined ? { native: kind } : { native: kind, reason }
    log.info({ ...core, transport: transport.name }, `listening on ${server.url}`)
    onReady?.(server)
    return server
  }

  #securePort(): number {
    return [...this.#all].find(({ url }) => url.startsWith('https:'))?.port ?? 443
  }
}
