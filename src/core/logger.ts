/** One level of a {@link Logger}: pino's own calling forms. */
export interface LogMethod {
  (fields: object, message?: string): void
  (message: string): void
}

/** What Hotpress asks of a logger. A pino logger is one; so is anything with the same methods. */
export interface Logger {
  readonly debug: LogMethod
  readonly error: LogMethod
  readonly fatal: LogMethod
  readonly info: LogMethod
  readonly trace: LogMethod
  readonly warn: LogMethod
  child(fields: Record<string, unknown>): Logger
}

/** The names of the methods that a logger must have. */
export const loggerMethods = ['child', 'debug', 'error', 'fatal', 'info', 'trace', 'warn'] as const
