import type { Logger } from '../../core/logger.js'
import type { RequestEnd } from '../../core/observer.js'
import { observers } from '../../core/observer.js'
import { type Check, checkFunction, checkOptions, invalid, refused } from '../../core/options-check.js'
import type { HttpRequest } from '../../core/request.js'
import type { PathList, RequestLog } from '../../core/request-log.js'
import { bytesOf, millisecondsOf } from '../../core/units.js'
import { describe } from '../../errors.js'
import { AccessLog } from './access-log.js'
import { makeDestination } from './destination.js'
import { DropReport } from './drop-report.js'
import type { LineFormat } from './entry.js'
import { compileHttpdFormat, namedFormats } from './httpd-format.js'
import { JsonFormat } from './json-format.js'
import { LineQueue } from './line-queue.js'
import { type AccessLogOptions, guarded } from './options.js'
import { Redaction, secretHeaders, secretQuery } from './redact.js'

/** Logs of one app; more than anybody needs. */
const mostLogs = 16

const where = ' of accessLog'

interface PathTest extends PathList {
  has(path: string): boolean
}

/** A function of the app's own as it comes from its options. */
type Ask<Result> = (request: HttpRequest, end: RequestEnd) => Result

const checks = {
  destination: (value: unknown) => value,
  fields: (value: unknown, option: string) =>
    checkFunction(value, option) as Ask<Readonly<Record<string, unknown>> | undefined>,
  flushInterval: (value: unknown, option: string) => positive(millisecondsOf(value, option), option),
  format: (value: unknown, option: string) =>
    typeof value === 'string'
      ? value
      : invalid(option, value, "'json', 'common', 'combined' or a text with directives"),
  onFull: (value: unknown, option: string): 'block' | 'drop' =>
    value === 'block' || value === 'drop' ? value : invalid(option, value, "'block' or 'drop'"),
  only: pathTest,
  queueLimit: (value: unknown, option: string) => {
    const limit = bytesOf(value, option)
    return limit >= 65_536 ? limit : refused(option, describe(value), 'at least 64kb')
  },
  redact: (value: unknown, option: string) => (value === false ? new Redaction([], []) : redactionOf(value, option)),
  requestHeaders: headerNames,
  responseHeaders: headerNames,
  sample: (value: unknown, option: string) =>
    typeof value === 'number' && value >= 0 && value <= 1 ? value : invalid(option, value, 'a number from 0 to 1'),
  skip: (value: unknown, option: string) =>
    typeof value === 'function'
      ? { paths: undefined, test: value as Ask<boolean> }
      : { paths: pathTest(value, option), test: undefined },
  slow: (value: unknown, option: string) => positive(millisecondsOf(value, option), option),
  user: (value: unknown, option: string) => checkFunction(value, option) as (request: HttpRequest) => unknown,
} satisfies { readonly [Name in keyof AccessLogOptions]-?: Check }

/**
 * Makes what the option `accessLog` asks for; undefined for none.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function createAccessLog(value: unknown, log: Logger): RequestLog | undefined {
  if (value === false) return undefined
  if (value === true) return oneLog({}, log)
  if (!Array.isArray(value)) {
    if (typeof value !== 'object' || value === null)
      invalid('accessLog', value, 'true, false, options or a list of them')
    return oneLog(value, log)
  }
  if (value.length === 0 || value.length > mostLogs) {
    refused('accessLog', `a list of ${value.length}`, `1 to ${mostLogs} of them in a list`)
  }
  const logs = value.map((each) => oneLog(each, log))
  if (logs.length === 1) return logs[0]
  return {
    ...observers(logs)!,
    close: async (signal) => void (await Promise.allSettled(logs.map((each) => each.close(signal)))),
    closeTime: Math.max(...logs.map(({ closeTime }) => closeTime)),
    meter: () => logs.flatMap(({ meter }) => meter()),
    open: () => {
      for (const each of logs) each.open()
    },
  }
}

function oneLog(options: unknown, log: Logger): AccessLog {
  const given = checkOptions(options, checks, where)
  const { sample = 1, skip, slow = Number.POSITIVE_INFINITY } = given
  const { frame, makeSink, name } = makeDestination(given.destination ?? 'stdout', `destination${where}`)
  const format = makeFormat(given, sample, frame === undefined ? '\n' : '', log)
  const report = new DropReport(name, log)
  const sink = makeSink(report)
  const onFull = given.onFull ?? 'drop'
  if (onFull === 'block' && sink.writeSync === undefined) {
    refused(`onFull${where}`, `'block' with ${name}`, "'drop': Node writes to sockets by and by alone")
  }
  const settings = { flushInterval: given.flushInterval ?? 100, limit: given.queueLimit ?? 16 * 1024 ** 2, onFull }
  const { only } = given
  return new AccessLog({
    format,
    frame,
    has: (path) => (only === undefined || only.has(path)) && skip?.paths?.has(path) !== true,
    log,
    makeQueue: (more) => new LineQueue(sink, settings, report, more),
    report,
    sample,
    sink,
    skips: guarded(skip?.test, 'skip', log) as Ask<boolean> | undefined,
    slow,
    template:
      !(format instanceof JsonFormat) ||
      format.template === undefined ||
      frame !== undefined ||
      skip?.test !== undefined
        ? undefined
        : {
            ...format.template,
            ...(only && { only }),
            ...(skip?.paths && { skip: skip.paths }),
            ...(Number.isFinite(slow) && { slow }),
          },
  })
}

type Given = ReturnType<typeof checkOptions<typeof checks>>

function makeFormat(given: Given, sample: number, ending: string, log: Logger): LineFormat {
  const { fields, format = 'json', requestHeaders = [], responseHeaders = [] } = given
  const redaction = given.redact ?? new Redaction(secretHeaders, secretQuery)
  const askUser = guarded(given.user, 'user', log)
  const user = askUser && ((request: HttpRequest) => userName(askUser(request)))
  if (format === 'json') {
    return new JsonFormat(
      {
        fields: guarded(fields, 'fields', log),
        redaction,
        requestHeaders,
        responseHeaders,
        sample,
        user,
      },
      ending,
    )
  }
  for (const option of ['fields', 'requestHeaders', 'responseHeaders'] as const) {
    if (given[option] !== undefined) refused(`${option}${where}`, 'it with a format', "it with the format 'json' alone")
  }
  const directives = format === 'combined' || format === 'common' ? namedFormats[format] : format
  return compileHttpdFormat(directives, `format${where}`, { redaction, user }, ending)
}

function headerNames(value: unknown, option: string): readonly string[] {
  return names(value, option, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, "a list of names of headers, such as ['accept']")
}

function names(value: unknown, option: string, pattern: RegExp, takes: string): readonly string[] {
  if (!Array.isArray(value)) return invalid(option, value, takes)
  return value.map((name) =>
    typeof name === 'string' && pattern.test(name) ? name.toLowerCase() : invalid(option, name, takes),
  )
}

/** Whether a path is one of some: themselves, or all that begin as one that ends in `*`. */
function pathTest(value: unknown, option: string): PathTest {
  const takes = "a path or a list of paths, such as '/healthz' or '/api/*'"
  const exact = new Set<string>()
  const beginnings: string[] = []
  for (const path of Array.isArray(value) ? value : [value]) {
    if (typeof path !== 'string' || !path.startsWith('/')) return invalid(option, path, takes)
    const star = path.indexOf('*')
    if (star >= 0 && star < path.length - 1)
      return refused(option, describe(path), `${takes}, with a * at the end alone`)
    if (star < 0) exact.add(path)
    else beginnings.push(path.slice(0, -1))
  }
  return {
    beginnings,
    exact: [...exact],
    has: (path) => exact.has(path) || beginnings.some((beginning) => path.startsWith(beginning)),
  }
}

function positive(value: number, option: string): number {
  return value > 0 ? value : invalid(option, value, 'more than 0')
}

function redactionOf(value: unknown, option: string): Redaction {
  const query = (list: unknown, name: string): readonly string[] =>
    names(list, name, /^[^&;=]+$/, "a list of names of query parameters, such as ['key']")
  const given = checkOptions(value, { headers: headerNames, query }, ` of ${option}`)
  return new Redaction([...secretHeaders, ...(given.headers ?? [])], [...secretQuery, ...(given.query ?? [])])
}

function userName(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
