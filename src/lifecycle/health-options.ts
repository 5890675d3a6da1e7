import { checkBoolean, checkFunction, checkOptions, invalid } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import { millisecondsOf } from '../core/units.js'
import type { HealthCheckSettings, HealthTest } from './health-check.js'

/** One check of `health({ checks })`, with times of its own. */
export interface HealthCheckOptions {
  /** How long what it found holds, in milliseconds or as `'5s'`; that of `health()` by default. */
  readonly cacheTime?: number | string
  /** Passes unless it throws, rejects or gives false. */
  readonly check: HealthTest
  /** How long it may take, in milliseconds or as `'500ms'`; that of `health()` by default. */
  readonly timeout?: number | string
}

/** Options of `health()`. */
export interface HealthOptions {
  /** How long what a check found holds, however often it is asked for: 1 s by default; 0 asks anew each time. */
  readonly cacheTime?: number | string
  /** What the app needs to serve, by name; the names are in the answers. None by default. */
  readonly checks?: Readonly<Record<string, HealthCheckOptions | HealthTest>>
  /** How long a check may take: 2 s by default. */
  readonly timeout?: number | string
  /**
   * Whether answers say why a check failed, which may be of what only you should see (addresses, users), and how long it
   * took; or whom they say it to. False by default: the reasons are in the log alone.
   */
  readonly verbose?: boolean | ((request: HttpRequest) => boolean)
}

/** Where `app.health()` answers; false for nowhere. */
export interface HealthPaths {
  /** Whether the process is alive: `/healthz` by default. */
  readonly live?: false | string
  /** Whether it can serve: `/readyz` by default. */
  readonly ready?: false | string
  /** Whether it has started: `/startupz` by default. */
  readonly startup?: false | string
}

/** Options of `app.health()`. */
export interface AppHealthOptions extends HealthOptions {
  /** Where it answers. */
  readonly paths?: HealthPaths
}

/** The options of `health()`, checked and complete. */
export interface HealthSettings {
  readonly checks: readonly HealthCheckSettings[]
  readonly isVerbose: (request: HttpRequest) => boolean
}

const where = ' of health()'

type Times = Pick<HealthCheckSettings, 'cacheTime' | 'timeout'>

const timeChecks = { cacheTime: millisecondsOf, timeout: positive } as const
const checkChecks = { ...timeChecks, check: checkFunction } as const
const pathChecks = { live: checkPath, ready: checkPath, startup: checkPath } as const
const checks = { ...timeChecks, checks: checkObject, verbose: checkVerbose } as const

/** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN` */
export function settleHealth(options: HealthOptions): HealthSettings {
  const given = checkOptions(options, checks, where)
  const times = { cacheTime: given.cacheTime ?? 1000, timeout: given.timeout ?? 2000 }
  return {
    checks: Object.entries(given.checks ?? {}).map(([name, check]) => settleCheck(name, check, times)),
    isVerbose: given.verbose ?? (() => false),
  }
}

/** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN` */
export function settlePaths(paths: HealthPaths = {}): Required<HealthPaths> {
  const given = checkOptions(paths, pathChecks, ' of paths of health()')
  return { live: given.live ?? '/healthz', ready: given.ready ?? '/readyz', startup: given.startup ?? '/startupz' }
}

function settleCheck(name: string, check: unknown, times: Times): HealthCheckSettings {
  if (typeof check === 'function') return { ...times, name, test: check as HealthTest }
  const here = `checks.${name}${where}`
  if (typeof check !== 'object' || check === null) return invalid(here, check, 'a function, or an object with one')
  const given = checkOptions(check, checkChecks, ` of ${here}`)
  const test = (given.check ?? invalid(`check of ${here}`, undefined, 'a function')) as HealthTest
  return { cacheTime: given.cacheTime ?? times.cacheTime, name, test, timeout: given.timeout ?? times.timeout }
}

function checkObject(value: unknown, option: string): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? value
    : invalid(option, value, 'an object of functions by name')
}

function checkPath(value: unknown, option: string): false | string {
  return value === false || (typeof value === 'string' && value.startsWith('/'))
    ? value
    : invalid(option, value, 'a path, or false')
}

function checkVerbose(value: unknown, option: string): HealthSettings['isVerbose'] {
  if (typeof value === 'function') return value as HealthSettings['isVerbose']
  const isVerbose = typeof value === 'boolean' ? checkBoolean(value, option) : undefined
  return isVerbose === undefined ? invalid(option, value, 'true, false or a function') : () => isVerbose
}

function positive(value: unknown, option: string): number {
  const time = millisecondsOf(value, option)
  return time > 0 ? time : invalid(option, value, 'more than 0')
}
