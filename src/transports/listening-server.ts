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
   * Ends this listener and leaves the app's others: no new connections are taken, requests under way have 10 s to be
   * answered, idle connections are closed. Server-sent events end with the app's last listener. Resolves when none is left.
   * `app.close()` closes all.
   */
  close(): Promise<void>
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
  onClose(server: ListeningServer): void
  /** Called once, when it has closed. */
  onClosed(): void
  /** The first of the settings that the transport cannot honour. */
  refuses(tls: TlsSettings): Refusal | undefined
}

/** Milliseconds for which `close()` waits for answers under way. */
const drainTime = 10_000

const where = ' of setCertificates()'

/** A listener, and the certificates that it serves with. */
export class AppServer implements ListeningServer {
  #closed: Promise<void> | undefined
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

  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#watch?.close()
      this.#parts.onClose(this)
      this.#closed = this.#parts.listening.close(drainTime).finally(() => this.#parts.onClosed())
    }
    return this.#closed
  }

  setCertificates(options: TlsCertificateOptions): void {
    if (this.#tls === undefined) {
      throw new HotpressError('TLS_MISSING', { call: 'setCertificates()', url: this.url })
    }
    const given = { ...options }
    const files = this.#apply(given, where)
    if (!this.#tls.isWatched || this.#closed !== undefined) return
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
    if (this.#closed !== undefined) return files
    listening.setCertificates?.(tls)
    this.#tls = tls
    return files
  }

  #watchFiles(options: TlsCertificateOptions, files: FileVersions, here: string): void {
    const { log } = this.#parts
    this.#watch = files.size === 0 ? undefined : new CertificateWatch(files, () => this.#apply(options, here), log)
  }
}
