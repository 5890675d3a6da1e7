import { availableParallelism } from 'node:os'
import { type Check, checkOptions, invalid, refused } from '../core/options-check.js'
import { millisecondsOf } from '../core/units.js'
import { describe } from '../errors.js'

/** Where the process that watches over workers can be asked: an address, or a socket of the family AF_UNIX (a named pipe). */
export interface ControlOptions {
  /** The address to bind: `127.0.0.1` by default. Whoever reaches it sees process ids, memory and load. */
  readonly host?: string
  /** The path of a socket, in place of host and port; its owner alone can open it. A reload can be asked for here only. */
  readonly path?: string
  readonly port?: number
}

/** How many processes serve an app, and for how long each is trusted. */
export interface WorkersOptions {
  /** `'auto'` (the default) for one a core. */
  readonly count?: number | 'auto'
  /** How long a worker's event loop may stand still before it is killed and replaced: 30 s by default; 0 for ever. */
  readonly hangTimeout?: number | string
  /** How long a worker may take to be ready: 60 s by default. */
  readonly startTimeout?: number | string
}

/** Where `control` listens. */
export type ControlSettings = { readonly path: string } | { readonly host: string; readonly port: number }

/** What `workers` and `control` were given, checked and complete. Times are milliseconds. */
export interface WorkersSettings {
  readonly control: ControlSettings | undefined
  readonly count: number
  /** 0 for ever. */
  readonly hangTimeout: number
  readonly startTimeout: number
}

type Checks<Options> = { readonly [Name in keyof Options]-?: Check }

const countTakes = "a whole number from 1 to 1024, or 'auto'"
const portTakes = 'a whole number from 1 to 65535'

/** More than that is a mistake: of a unit, say. */
const mostWorkers = 1024

const workersChecks = {
  count: checkCount,
  hangTimeout: millisecondsOf,
  startTimeout: positiveTime,
} satisfies Checks<WorkersOptions>

const controlChecks = { host: checkText, path: checkText, port: checkPort } satisfies Checks<ControlOptions>

/** What `workers` of `run()` was given. */
export type GivenWorkers = Omit<WorkersSettings, 'control'>

/** What is meant where nothing is said. */
export const oneWorker: GivenWorkers = { count: 1, hangTimeout: 30_000, startTimeout: 60_000 }

/** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN` */
export function checkWorkers(value: unknown, option: string): GivenWorkers {
  if (typeof value !== 'object') {
    const takes = `${countTakes}, or an object`
    return complete({ count: isCount(value) ? settleCount(value) : refused(option, describe(value), takes) })
  }
  return complete(checkOptions(value, workersChecks, ` of ${option}`))
}

/** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN` */
export function checkControl(value: unknown, option: string): ControlSettings {
  const { host, path, port } = checkOptions(value, controlChecks, ` of ${option}`)
  if (path !== undefined && (host ?? port) !== undefined) refused(option, 'a path beside host or port', 'one of them')
  if (path !== undefined) return { path }
  if (port === undefined) return refused(option, 'neither port nor path', '{ port } or { path }')
  return { host: host ?? '127.0.0.1', port }
}

/**
 * What both ask for: undefined for one process that serves by itself.
 *
 * @param control has a process watch over a single worker too, as it is that process which can be asked.
 */
export function settleWorkers(
  workers: GivenWorkers = oneWorker,
  control: ControlSettings | undefined,
): WorkersSettings | undefined {
  return workers.count === 1 && control === undefined ? undefined : { ...workers, control }
}

function complete({ count, hangTimeout, startTimeout }: Partial<GivenWorkers>): GivenWorkers {
  return {
    count: count ?? settleCount('auto'),
    hangTimeout: hangTimeout ?? oneWorker.hangTimeout,
    startTimeout: startTimeout ?? oneWorker.startTimeout,
  }
}

function isCount(value: unknown): value is number | 'auto' {
  return value === 'auto' || (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= mostWorkers)
}

function settleCount(count: number | 'auto'): number {
  return count === 'auto' ? availableParallelism() : count
}

function checkCount(value: unknown, option: string): number {
  return isCount(value) ? settleCount(value) : invalid(option, value, countTakes)
}

function checkPort(value: unknown, option: string): number {
  const isPort = Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535
  return isPort ? (value as number) : invalid(option, value, portTakes)
}

function checkText(value: unknown, option: string): string {
  return typeof value === 'string' && value !== '' ? value : invalid(option, value, 'a text')
}

function positiveTime(value: unknown, option: string): number {
  return millisecondsOf(value, option) || invalid(option, value, 'more than 0')
}
