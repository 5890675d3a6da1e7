import { type Logger, loggerMethods } from '../core/logger.js'
import { describe, HotpressError } from '../errors.js'
import loadPino from './pino.cjs'

/** What the option `logger` takes. */
export type LoggerOption = Logger | { readonly level: string } | boolean

const silent: Logger = Object.freeze({
  child: () => silent,
  debug() {},
  error() {},
  fatal() {},
  info() {},
  trace() {},
  warn() {},
})

/**
 * The logger of an app: pino at level `info` to standard output for true, at another level for `{ level }`, none for
 * false, or a logger of the user's.
 *
 * @throws HotpressError `OPTION_INVALID` naming what is missing.
 */
export function createLogger(option: LoggerOption): Logger {
  if (option === false) return silent
  if (option === true) return loadPino()()
  const takes = `true, false, { level }, or a logger with the methods ${loggerMethods.join(', ')}`
  const fail = (got: string): never => {
    throw new HotpressError('OPTION_INVALID', { got, option: 'logger', takes })
  }
  if (typeof option !== 'object' || option === null) return fail(describe(option))
  const missing = loggerMethods.filter((method) => typeof (option as Partial<Logger>)[method] !== 'function')
  if (missing.length === 0) return option as Logger
  const { level } = option as { level?: unknown }
  if (Object.keys(option).join() !== 'level') return fail(`${describe(option)} without ${missing.join(', ')}`)
  const pino = loadPino()
  if (typeof level === 'string' && (level === 'silent' || level in pino.levels.values)) return pino({ level })
  return fail(`the level ${describe(level)}`)
}
