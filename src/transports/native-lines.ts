import type { LineLog, LineSource } from '../core/request-log.js'
import { Control } from './native-control.js'
import type { NativeIo } from './native-owner.js'
import type { TransportHost } from './transport.js'

/** Bytes that wait before they are taken, whatever the time: the core holds no more than them and what one turn adds. */
const enough = 65_536

/**
 * Lines of the access log that the core has made of what it serves in the event loop. They stay there until their log takes
 * them: when many wait, when the time for it has come, and when the server is closed.
 */
export class NativeLines implements LineSource {
  readonly #detach: () => void
  readonly #io: NativeIo
  readonly #isBusy: () => boolean
  readonly #log: LineLog

  /** @param isBusy whether requests are under way. */
  constructor(log: LineLog, io: NativeIo, isBusy: () => boolean) {
    this.#io = io
    this.#isBusy = isBusy
    this.#log = log
    this.#detach = log.attach(this)
  }

  get isBusy(): boolean {
    return this.#isBusy()
  }

  get lines(): number {
    return this.#io.control[Control.loggedLines]!
  }

  get size(): number {
    return this.#io.control[Control.loggedSize]!
  }

  /** The server is closed, and makes no more of them. */
  close(): void {
    this.#detach()
  }

  /** A request has come. */
  expect(): void {
    if (this.size > enough) this.#log.take()
    this.#log.expect()
  }

  take(into: Uint8Array, at: number): number {
    return this.#io.takeLines(into, at)
  }
}

/** What names the patterns of the routes. */
export function patternsFor({ log, patterns }: NonNullable<TransportHost['ownLines']>): {
  readonly member: string
  readonly method: string
  readonly route: number
}[] {
  return patterns.map(({ method, pattern, route }) => ({ member: log.template.routeMember(pattern), method, route }))
}
