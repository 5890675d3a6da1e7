import type { Logger, LogMethod } from '../../../src/index.js'

export interface Said {
  readonly [field: string]: unknown
  readonly level: string
  readonly message: string
}

/** A logger that keeps what it is told. */
export function recorder(): { readonly log: Logger; readonly said: Said[] } {
  const said: Said[] = []
  const method =
    (level: string): LogMethod =>
    (first: object | string, message?: string) => {
      if (typeof first === 'string') said.push({ level, message: first })
      else said.push({ ...first, level, message: message ?? '' })
    }
  const log: Logger = {
    child: () => log,
    debug: method('debug'),
    error: method('error'),
    fatal: method('fatal'),
    info: method('info'),
    trace: method('trace'),
    warn: method('warn'),
  }
  return { log, said }
}
