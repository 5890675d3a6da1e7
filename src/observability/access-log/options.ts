import type { Logger } from '../../core/logger.js'
import type { RequestEnd } from '../../core/observer.js'
import type { HttpRequest } from '../../core/request.js'

/** Where an access log goes. */
export type AccessLogDestination =
  | 'journald'
  | 'stdout'
  | AccessLogFile
  | { readonly journald: { /** What the journal calls it; `hotpress` by default. */ readonly identifier?: string } }
  | AccessLogSyslog

/** A file that lines are added to. */
export interface AccessLogFile {
  /** Its path. Its folder must be there. */
  readonly file: string
  /** Permissions that it is made with: 0o640 by default, less the umask. */
  readonly mode?: number
  /** Whether it is opened anew at SIGUSR2, for logrotate. False by default; not on Windows. */
  readonly reopen?: boolean
  /** When it is put aside, and what becomes of it then; not at all by default. */
  readonly rotate?: AccessLogRotation
}

/** Rotation of a file, by its size, by time, or by both. */
export interface AccessLogRotation {
  /** Whether files that were put aside are compressed with gzip. True by default. */
  readonly compress?: boolean
  /** How long a file is written: `'1h'`, `'1d'`. Periods begin when UTC's do. */
  readonly every?: number | string
  /** How many files are kept beside the one that is written: all by default. */
  readonly keep?: number
  /** How long files are kept, such as `'30d'`: for ever by default. */
  readonly maxAge?: number | string
  /** How large a file becomes: `'100mb'`. */
  readonly maxSize?: number | string
}

/** A receiver of syslog (RFC 5424). */
export interface AccessLogSyslog {
  /** `APP-NAME` of the messages; `hotpress` by default. */
  readonly appName?: string
  /** `'local0'` by default. */
  readonly facility?:
    | 'auth'
    | 'authpriv'
    | 'daemon'
    | 'ftp'
    | 'local0'
    | 'local1'
    | 'local2'
    | 'local3'
    | 'local4'
    | 'local5'
    | 'local6'
    | 'local7'
    | 'user'
  /**
   * How messages are told from each other in a stream (RFC 6587): by their lengths (`'octet-counting'`, the default over TCP)
   * or by line feeds (`'newline'`, that of Unix sockets).
   */
  readonly framing?: 'newline' | 'octet-counting'
  /** `'udp://host:514'`, `'tcp://host:601'`, or `'unix:///path'` for a socket of streams. */
  readonly syslog: string
}

/** Further members of a line, from what the app knows of a request. */
export type AccessLogFields = (request: HttpRequest, end: RequestEnd) => Readonly<Record<string, unknown>> | undefined

/** Options of the access log. Sizes are bytes or texts such as `'16mb'`, times milliseconds or texts such as `'1s'`. */
export interface AccessLogOptions {
  /** `'stdout'` by default. */
  readonly destination?: AccessLogDestination
  /** Further members of each line of JSON. What it throws is told of in the app's log. */
  readonly fields?: AccessLogFields
  /** How long a line waits for others to be written with: 100 ms by default. */
  readonly flushInterval?: number | string
  /** `'json'` (the default), `'common'`, `'combined'`, or directives of Apache's httpd such as `'%h %m %U %>s %D'`. */
  readonly format?: 'combined' | 'common' | 'json' | (string & {})
  /**
   * What becomes of lines for which the queue has no room: they are counted and left out (`'drop'`, the default), or what
   * waits is written first while everything else stands still (`'block'`; files and standard output).
   */
  readonly onFull?: 'block' | 'drop'
  /** Paths that are logged, all others left out; a `*` at the end stands for any rest. All by default. */
  readonly only?: string | readonly string[]
  /** How much may wait: 16 MB by default. */
  readonly queueLimit?: number | string
  /**
   * What is replaced by `[redacted]` beside the usual headers and query parameters; false for nothing at all. See
   * docs/access-log.md.
   */
  readonly redact?: false | { readonly headers?: readonly string[]; readonly query?: readonly string[] }
  /** Headers of requests that lines of JSON have beside `User-Agent` and `Referer`. */
  readonly requestHeaders?: readonly string[]
  /** Headers of responses that lines of JSON have: those that the app sets. */
  readonly responseHeaders?: readonly string[]
  /** The share of requests that are logged, from 0 to 1 (the default); errors and slow requests always are. */
  readonly sample?: number
  /** What is left out: paths as for `only`, or a function that is asked when the request has ended. */
  readonly skip?: string | readonly string[] | ((request: HttpRequest, end: RequestEnd) => boolean)
  /** From when on a request is slow: marked so, and logged whatever `sample` says. Never by default. */
  readonly slow?: number | string
  /** Who has made a request: `%u`, and `enduser.id` in JSON. It is asked when the request has ended. */
  readonly user?: (request: HttpRequest) => string | undefined
}

/** Calls a function of the app's own: what it throws costs no line, and is told of once. */
export function guarded<Arguments extends readonly unknown[], Result>(
  call: ((...all: Arguments) => Result) | undefined,
  option: string,
  log: Logger,
): ((...all: Arguments) => Result | undefined) | undefined {
  if (call === undefined) return undefined
  let hasFailed = false
  return (...all) => {
    try {
      return call(...all)
    } catch (error) {
      if (!hasFailed) log.error({ err: error }, `${option} of accessLog failed: this is said once`)
      hasFailed = true
      return undefined
    }
  }
}
