import { HotpressError } from '../errors.js'
import { CloseHooks } from './close-hooks.js'
import { type DrainParts, drain } from './drain.js'
import type { CloseSettings, RunSettings } from './options.js'
import { processWatch } from './process-watch.js'

/** Where an app stands between its start and its end. */
export class Lifecycle {
  #closing: Promise<void> | undefined
  /** What has the process no longer end with the app. */
  readonly #leaving = new Set<() => void>()
  readonly #parts: DrainParts
  readonly hooks: CloseHooks = new CloseHooks()

  constructor(parts: Omit<DrainParts, 'hooks'>) {
    this.#parts = { ...parts, hooks: this.hooks }
  }

  /** @throws HotpressError `APP_CLOSING` while it closes. */
  checkOpen(call: string): void {
    if (this.#closing !== undefined) throw new HotpressError('APP_CLOSING', { call })
  }

  /** Drains the app. Whoever asks while it does so waits for the same. */
  close(settings: CloseSettings): Promise<void> {
    if (this.#parts.phase.name === 'closed') return Promise.resolve()
    this.#closing ??= drain(this.#parts, settings).finally(() => {
      this.#closing = undefined
      for (const leave of this.#leaving) leave()
      this.#leaving.clear()
    })
    return this.#closing
  }

  /**
   * Listens, and has the process end with the app: after a signal, and after an error that nobody has caught.
   *
   * @param listen gives the address.
   */
  async run<Server extends { readonly url: string }>(
    { close, signals }: RunSettings,
    listen: () => Promise<Server>,
  ): Promise<Server> {
    const { hooks, log } = this.#parts
    const watch = processWatch()
    const leave = watch.add({
      close: () => this.close(close),
      log,
      signals,
      time: () => close.delay + close.drain + hooks.time,
    })
    this.#leaving.add(leave)
    try {
      const server = await listen()
      watch.ready(`listening on ${server.url}`, log)
      return server
    } catch (error) {
      leave()
      this.#leaving.delete(leave)
      throw error
    }
  }
}
