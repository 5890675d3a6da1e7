import type { Census, DrainPlan } from '../core/drain.js'
import { type ListenerCloseOptions, settleDrain } from '../core/drain-options.js'
import type { Logger } from '../core/logger.js'
import type { TransportName } from '../core/settings.js'
import { HotpressError } from '../errors.js'
import { boundTicketKeys, checkTogether, type WatchedIdentity } from './tls.js'
import type { FileVersions } from './tls-files.js'
import { readIdentity } from './tls-identity.js'
import type { TlsCertificateOptions } from './tls-options.js'
import { CertificateWatch } from './tls-watch.js'
import type { Listening, Refusal, TlsSettings } from './transport.js'

/** Where an app listens. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly transport: TransportName
  /** `http://127.0.0.1:3000` */
  readonly url: string
}

/** One listener of an app: what `listen()` resolves to. */
export interface ListeningServer extends Address {
  /**
   * Ends this listener and leaves the app's others: no new connections are taken, requests under way have `drain` to be
   * answered (10 s by default), idle connections are closed after `idleGrace`. Server-sent events end with the app's last
   * listener. Resolves when none is left. `app.close()` closes all.
   *
   * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
   */
  close(options?: ListenerCloseOptions): Promise<void>
  /**
   * Has new connections served with other certificates; those that are open keep theirs. Without `ticketKeys` those in
   * force stay. With `watch` the files of the new ones are watched instead. After `close()` nothing is done.
   *
   * @throws HotpressError `CERTIFICATE_UNREADABLE`, `OPTION_INVALID`, `OPTION_UNKNOWN`; `TLS_MISSING` for a listener without
   * TLS, `OPTION_REFUSED` where its transport cannot. Nothing is changed then.
   * @example
   * server.setCertificates({ cert: '/etc/tls/cert.pem', key: '/etc/tls/key.pem' })
   */
  setCertificates(options: TlsCertificateOptions): void
}

/** What a listener is made of. */
export interface ListenerParts {
  readonly address: Address
  readonly listening: Listening
  readonly log: Logger
  readonly tls: TlsSettings | undefined
  readonly watched: WatchedIdentity | undefined
  /** Called once, when it begins to close. */
  onClose(server: AppServer): void
  /** Called once, when it has closed. */
  onClosed(): void
  /** The first of the settings that the transport cannot honour. */
  refuses(tls: TlsSettings): Refusal | undefined
}

const where = ' of setCertificates()'

/** A listener, and the certificates that it serves with. */
export class AppServer implements ListeningServer {
  #closed: Promise<void> | undefined
  #drained: Promise<Census> | undefined
  readonly #parts: ListenerParts
  #tls: TlsSettings | undefined
  #watch: CertificateWatch | undefined
  readonly host: string
  readonly port: number
  readonly transport: TransportName
  readonly url: string

  constructor(parts: ListenerParts) {
    const { address, tls, watched } = parts
    this.#parts = parts
    this.#tls = tls
    this.host = address.host
    this.port = address.port
    this.transport = address.transport
    this.url = address.url
    if (watched !== undefined) this.#watchFiles(watched.options, watched.files, ' of tls')
  }

  close(options: ListenerCloseOptions = {}): Promise<void> {
    try {
      const plan = settleDrain(options, ' of close() of a listener')
      this.#closed ??= this.drain(plan).then(() => {})
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#closed
  }

  /** What it has open. */
  count(): Census {
    return this.#parts.listening.count()
  }

  /** As {@link close}. @returns what had to be cut off. */
  drain(plan: DrainPlan): Promise<Census> {
    if (this.#drained === undefined) {
      this.#watch?.close()
      this.#parts.onClose(this)
      this.#drained = this.#parts.listening.close(plan).finally(() => this.#parts.onClosed())
    }
    return this.#drained
  }

  setCertificates(options: TlsCertificateOptions): void {
    if (this.#tls === undefined) {
      throw new HotpressError('TLS_MISSING', { call: 'setCertificates()', url: this.url })
    }
    const given = { ...options }
    const files = this.#apply(given, where)
    if (!this.#tls.isWatched || this.#drained !== undefined) return
    this.#watch?.close()
    this.#watchFiles(given, files, where)
  }

  /** Reads certificates and puts them to use; all of it, or nothing. */
  #apply(options: TlsCertificateOptions, here: string): FileVersions {
    const { listening, log, refuses } = this.#parts
    const { files, settings } = readIdentity(options, here, (text) => log.warn(text))
    const before = this.#tls!
    const ticketKeys = boundTicketKeys(settings.ticketKeys, before.clients) ?? before.ticketKeys
    const tls = { ...before, ...settings, ticketKeys }
    checkTogether(tls, here)
    const reason = 'it serves with those that it began with; use the transport native'
    const refusal = listening.setCertificates === undefined ? { option: 'setCertificates()', reason } : refuses(tls)
    if (refusal !== undefined) throw new HotpressError('OPTION_REFUSED', { ...refusal, transport: this.transport })
    if (this.#drained !== undefined) return files
    listening.setCertificates?.(tls)
    this.#tls = tls
    return files
  }

  #watchFiles(options: TlsCertificateOptions, files: FileVersions, here: string): void {
    const { log } = this.#parts
    this.#watch = files.size === 0 ? undefined : new CertificateWatch(files, () => this.#apply(options, here), log)
  }
}
