import { checkHeaderValue } from '../core/headers.js'
import { type Check, checkBoolean, checkOptions, invalid, refused } from '../core/options-check.js'
import { type CorsOrigin, type Origins, settleOrigins } from './cors-origins.js'

/** Options of `cors()`, and of the app's option of that name. */
export interface CorsOptions {
  /** Whether requests may carry cookies and other credentials: false by default. */
  readonly credentials?: boolean
  /** Response headers that pages may read beside the few that they always may: none by default. */
  readonly exposeHeaders?: string | readonly string[]
  /** Request headers that pages may send. By default those that a preflight asks for. */
  readonly headers?: string | readonly string[]
  /** Seconds for which a browser may remember a preflight's answer: left to the browser (5 s) by default. */
  readonly maxAge?: number
  /** Methods that pages may use: DELETE, GET, HEAD, PATCH, POST and PUT by default. */
  readonly methods?: string | readonly string[]
  /** Which pages may read answers: `'*'` (any) by default. */
  readonly origins?: CorsOrigin | readonly CorsOrigin[]
  /** Whether pages of public networks may reach this server in a private one: false by default. */
  readonly privateNetwork?: boolean
}

/** The options, checked, as the texts of the headers that they become. */
export interface CorsSettings {
  readonly credentials: boolean
  readonly exposeHeaders: string | undefined
  readonly headers: string | undefined
  readonly maxAge: string | undefined
  readonly methods: string
  readonly origins: Origins
  readonly privateNetwork: boolean
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const starred = "'*' together with credentials"
const usualMethods = ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT']
// Fetch, 2.2.1 writes these in upper case by itself, and no others: `patch` would be another method.
const knownMethods = new Set([...usualMethods, 'OPTIONS'])

/** Checks by option; what is given may have been set by the builder one by one. */
export const corsChecks: Readonly<Record<keyof CorsOptions, Check>> = {
  credentials: checkBoolean,
  exposeHeaders: (value: unknown, option: string): string => names(value, option, 'header names'),
  // Beside `*`: it stands for all but Authorization, which is allowed by its name only (Fetch, 2.2.2).
  headers: (value: unknown, option: string): string => names(value, option, 'header names', true),
  maxAge: seconds,
  methods,
  origins: settleOrigins,
  privateNetwork: checkBoolean,
}

/**
 * Checks the options, each by itself and against the others.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function settleCors(options: CorsOptions): CorsSettings {
  const given = checkOptions(options, corsChecks, ' of cors()') as Partial<CorsSettings>
  const { credentials = false, exposeHeaders, headers, methods = usualMethods.join(', ') } = given
  const origins = given.origins ?? settleOrigins('*', 'origins of cors()')
  if (credentials) {
    if (origins.isAny) {
      refused(
        'origins of cors()',
        starred,
        'the origins that may send credentials, by name: browsers refuse * with credentials (Fetch, 3.3.5), and to ' +
          'echo every origin would let any page act as its visitor',
      )
    }
    for (const [option, value] of Object.entries({ exposeHeaders, headers, methods })) {
      if (value?.split(', ').includes('*') !== true) continue
      refused(`${option} of cors()`, starred, 'names: with credentials a browser takes * for a name (Fetch, 3.3.5)')
    }
  }
  return {
    credentials,
    exposeHeaders: exposeHeaders === '' ? undefined : exposeHeaders,
    headers,
    maxAge: given.maxAge,
    methods,
    origins,
    privateNetwork: given.privateNetwork ?? false,
  }
}

function methods(value: unknown, option: string): string {
  const list = names(value, option, 'methods')
  for (const method of list.split(', ')) {
    const upper = method.toUpperCase()
    if (method !== upper && knownMethods.has(upper)) {
      invalid(option, method, `methods in their own letter case: '${upper}' (RFC 9110, 9.1)`)
    }
  }
  return list
}

function names(value: unknown, option: string, what: string, isBeside = false): string {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  for (const each of list) {
    if (typeof each === 'string' && token.test(each)) continue
    invalid(option, each, `${what}, each a token`)
  }
  if (list.includes('*') && list.length > 1 && !isBeside) {
    refused(option, "'*' beside others", `'*' alone, or ${what}`)
  }
  const text = list.join(', ')
  checkHeaderValue(option, text)
  return text
}

function seconds(value: unknown, option: string): string {
  const isSeconds = Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31
  return isSeconds ? String(value) : invalid(option, value, 'a whole number of seconds')
}
