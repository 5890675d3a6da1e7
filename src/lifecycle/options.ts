import type { DrainPlan } from '../core/drain.js'
import { drainChecks, drainPlan, type ListenerCloseOptions } from '../core/drain-options.js'
import { type Check, checkBoolean, checkOptions, refused } from '../core/options-check.js'
import { millisecondsOf } from '../core/units.js'
import { describe, HotpressError } from '../errors.js'
import { isSignal } from './signals.js'
import {
  type ControlOptions,
  checkControl,
  checkWorkers,
  settleWorkers,
  type WorkersOptions,
  type WorkersSettings,
} from './workers-options.js'

/** Options of `app.close()`. Times are milliseconds, or texts such as `'10s'`. */
export interface CloseOptions extends ListenerCloseOptions {
  /**
   * How long the app goes on to accept and to serve after it has turned unready, for load balancers to notice: longer than
   * the time between two of their looks. 0 by default; without effect where nothing listens.
   */
  readonly delay?: number | string
  /**
   * Whether clients of Socket.IO are to connect again, to whoever listens then (true, the default): their connections end,
   * which the official client takes for a broken one. With false they are disconnected by the server, and stay away.
   */
  readonly reconnect?: boolean
}

/** Options of `app.onClose()`. */
export interface CloseHookOptions {
  /** How long the hook may take: 5 s by default. */
  readonly timeout?: number | string
}

/** Options of `app.run()` beside those of `app.listen()`. */
export interface RunLifecycleOptions extends CloseOptions {
  /**
   * Has the process that watches over workers be asked how they are: `/readyz`, `/workers`, `/metrics`. There is such a
   * process then for one worker too.
   */
  readonly control?: ControlOptions
  /** The signals that end the app: SIGINT and SIGTERM by default, none for an empty list. */
  readonly signals?: readonly NodeJS.Signals[]
  /**
   * How many processes serve: 1 by default, this one; `'auto'` for one a core. With more, this process serves nothing: it
   * starts that many which run the same program, replaces those that end, and restarts them one by one at SIGHUP.
   */
  readonly workers?: number | 'auto' | WorkersOptions
}

/** What `close()` was given, checked and complete. Times are milliseconds. */
export interface CloseSettings extends DrainPlan {
  readonly delay: number
  readonly reconnect: boolean
}

/** What `run()` was given beside where to listen, checked and complete. */
export interface RunSettings {
  readonly close: CloseSettings
  readonly signals: readonly NodeJS.Signals[]
  /** Undefined where this process serves. */
  readonly workers: WorkersSettings | undefined
}

type Checks<Options> = { readonly [Name in keyof Options]-?: Check }

const closeChecks = { ...drainChecks, delay: millisecondsOf, reconnect: checkBoolean } satisfies Checks<CloseOptions>

const runChecks = {
  ...closeChecks,
  control: checkControl,
  signals: checkSignals,
  workers: checkWorkers,
} satisfies Checks<RunLifecycleOptions>

/** Milliseconds that `run()` gives idle connections: a client that is busy has asked for something by then. */
const runGrace = 2000

/** Milliseconds for a hook that does not say. */
const hookTimeout = 5000

/** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN` */
export function settleClose(options: CloseOptions): CloseSettings {
  return closeSettings(checkOptions(options, closeChecks, ' of close()'), 0)
}

/**
 * Milliseconds for a hook.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function settleHook(options: CloseHookOptions): number {
  return checkOptions(options, { timeout: millisecondsOf }, ' of onClose()').timeout ?? hookTimeout
}

/**
 * Parts the options of `run()` into its own, checked and complete, and those of `listen()`.
 *
 * @param listenOptions the names of the latter, which are checked where they are used.
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function settleRun(
  options: object,
  listenOptions: readonly string[],
): { readonly listen: Record<string, unknown>; readonly run: RunSettings } {
  const own: Record<string, unknown> = {}
  const listen: Record<string, unknown> = {}
  const where = ' of run()'
  if (typeof options !== 'object' || options === null) refused(`options${where}`, describe(options), 'an object')
  for (const [option, value] of Object.entries(options)) {
    if (Object.hasOwn(runChecks, option)) own[option] = value
    else if (listenOptions.includes(option)) listen[option] = value
    else {
      const known = [...Object.keys(runChecks), ...listenOptions].sort().join(', ')
      throw new HotpressError('OPTION_UNKNOWN', { known, option, where })
    }
  }
  const given = checkOptions(own, runChecks, where)
  const close = closeSettings(given, runGrace)
  const workers = settleWorkers(given.workers, given.control)
  return { listen, run: { close, signals: given.signals ?? ['SIGINT', 'SIGTERM'], workers } }
}

function closeSettings(
  given: { readonly [Name in keyof CloseSettings]?: CloseSettings[Name] },
  grace: number,
): CloseSettings {
  return { ...drainPlan(given, grace), delay: given.delay ?? 0, reconnect: given.reconnect ?? true }
}

function checkSignals(value: unknown, option: string): readonly NodeJS.Signals[] {
  const takes = "a list of signals that can be handled, such as ['SIGTERM']"
  if (!Array.isArray(value)) return refused(option, describe(value), takes)
  const wrong: unknown = value.find((each) => !isSignal(each))
  if (wrong !== undefined) refused(option, describe(wrong), takes)
  return [...new Set(value as NodeJS.Signals[])]
}
