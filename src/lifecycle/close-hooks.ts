import type { Logger } from '../core/logger.js'
import { describe, HotpressError } from '../errors.js'
import { type CloseHookOptions, settleHook } from './options.js'

/**
 * Called when the app has closed; what it promises is waited for.
 *
 * @param signal aborted when its time is over.
 */
export type CloseHook = (signal: AbortSignal) => unknown

interface Registered {
  readonly hook: CloseHook
  /** Milliseconds. */
  readonly timeout: number
}

/** What is to be done when an app has closed, the last that was registered first. */
export class CloseHooks {
  readonly #all: Registered[] = []

  /** The most milliseconds that they take all together. */
  get time(): number {
    return this.#all.reduce((sum, { timeout }) => sum + timeout, 0)
  }

  /** @throws HotpressError `HANDLER_INVALID`, `OPTION_INVALID`, `OPTION_UNKNOWN` */
  add(hook: CloseHook, options: CloseHookOptions): void {
    if (typeof hook !== 'function') {
      throw new HotpressError('HANDLER_INVALID', { got: describe(hook), what: 'onClose()' })
    }
    this.#all.push({ hook, timeout: settleHook(options) })
  }

  /** Runs them one after the other, those after one that fails too. It never rejects. */
  async run(log: Logger): Promise<void> {
    for (const registered of [...this.#all].reverse()) await runOne(registered, log)
  }
}

async function runOne({ hook, timeout }: Registered, log: Logger): Promise<void> {
  const controller = new AbortController()
  const name = describe(hook)
  let timer: NodeJS.Timeout | undefined
  const late = Symbol('late')
  const isLate = new Promise<symbol>((resolve) => {
    timer = setTimeout(() => resolve(late), timeout)
  })
  try {
    if ((await Promise.race([hook(controller.signal), isLate])) === late) {
      const text = `${name} of onClose() has not ended within ${timeout} ms: nobody waits for it any more`
      log.error({ timeout }, text)
      controller.abort(new Error(text))
    }
  } catch (error) {
    log.error({ err: error }, `${name} of onClose() failed`)
  } finally {
    clearTimeout(timer)
  }
}
