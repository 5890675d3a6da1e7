import { Buffer } from 'node:buffer'
import { invalid } from '../core/options-check.js'
import { HotpressError } from '../errors.js'

/**
 * A Content-Security-Policy (CSP Level 3): directives by name, with what they allow as a list, or as a text with blanks
 * between. `'nonce'` among the sources of scripts or styles stands for a nonce that is made for each request (`cspNonce()`
 * gives it to the page); false leaves a directive out.
 *
 * @example
 * { 'default-src': "'self'", 'img-src': ["'self'", 'data:', 'https://*.example.com'], 'script-src': "'nonce' 'strict-dynamic'" }
 */
export type ContentSecurityPolicy = {
  readonly [Name in CspDirective]?: CspValue<Name>
}

/** What {@link ContentSecurityPolicy} takes for one directive. */
export type CspValue<Name extends CspDirective> = Name extends 'upgrade-insecure-requests'
  ? boolean
  : string | readonly string[] | (Name extends 'sandbox' ? boolean : false)

/** The directives that are known: those of CSP Level 3, and of documents that extend it. */
export type CspDirective =
  | 'base-uri'
  | 'child-src'
  | 'connect-src'
  | 'default-src'
  | 'fenced-frame-src'
  | 'font-src'
  | 'form-action'
  | 'frame-ancestors'
  | 'frame-src'
  | 'img-src'
  | 'manifest-src'
  | 'media-src'
  | 'object-src'
  | 'report-to'
  | 'report-uri'
  | 'require-trusted-types-for'
  | 'sandbox'
  | 'script-src'
  | 'script-src-attr'
  | 'script-src-elem'
  | 'style-src'
  | 'style-src-attr'
  | 'style-src-elem'
  | 'trusted-types'
  | 'upgrade-insecure-requests'
  | 'worker-src'

/** Stands for the nonce of a request in a policy. */
export const noncePlaceholder = "'nonce'"

type Check = (values: readonly string[], option: string) => void

interface SourceKind {
  readonly hashes?: boolean
  readonly keywords?: readonly string[]
  readonly nonce?: boolean
}

const inline = ["'report-sample'", "'unsafe-hashes'", "'unsafe-inline'"]
const evaluation = [
  "'inline-speculation-rules'",
  "'strict-dynamic'",
  "'trusted-types-eval'",
  "'unsafe-eval'",
  "'wasm-unsafe-eval'",
]
const everyKeyword = new Set(["'none'", "'self'", ...inline, ...evaluation])

const places = sources({})
const scripts: SourceKind = { hashes: true, keywords: [...evaluation, ...inline], nonce: true }
const styles: SourceKind = { hashes: true, keywords: inline, nonce: true }
// A nonce is an attribute of an element; what stands in another attribute has none.
const attributes = (kind: SourceKind): Check => sources({ ...kind, nonce: false })

const directives: Readonly<Record<CspDirective, Check | undefined>> = {
  'base-uri': places,
  'child-src': places,
  'connect-src': places,
  'default-src': sources(scripts),
  'fenced-frame-src': places,
  'font-src': places,
  'form-action': places,
  'frame-ancestors': places,
  'frame-src': places,
  'img-src': places,
  'manifest-src': places,
  'media-src': places,
  'object-src': places,
  'report-to': matching(/^[\w-]+$/, 'the name of an endpoint of Reporting-Endpoints', 1),
  'report-uri': matching(/^(?:https?:\/\/|\/)[!-~]*$/i, 'a URL, or a path that begins with a slash'),
  'require-trusted-types-for': matching(/^'script'$/, "'script', in quotes", 1),
  sandbox: matching(
    /^allow-(?:downloads|forms|modals|orientation-lock|pointer-lock|popups|popups-to-escape-sandbox|presentation|same-origin|scripts|storage-access-by-user-activation|top-navigation|top-navigation-by-user-activation|top-navigation-to-custom-protocols)$/,
    'flags such as allow-scripts, or true',
  ),
  'script-src': sources(scripts),
  'script-src-attr': attributes(scripts),
  'script-src-elem': sources(scripts),
  'style-src': sources(styles),
  'style-src-attr': attributes(styles),
  'style-src-elem': sources(styles),
  'trusted-types': matching(
    /^(?:[\w\-#=/@.%]+|\*|'none'|'allow-duplicates')$/,
    "names, *, 'none' or 'allow-duplicates'",
  ),
  'upgrade-insecure-requests': undefined,
  'worker-src': places,
}

const isPlain = /^[!-+\--:<-~]+$/
const scheme = /^[a-z][a-z0-9+.-]*:$/i
const host =
  /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::(?:\d{1,5}|\*))?(?:\/[^?#]*)?$/i
const hash = /^'(sha256|sha384|sha512)-([A-Za-z0-9+/_-]+)={0,2}'$/
const hashBytes: Readonly<Record<string, number>> = { sha256: 32, sha384: 48, sha512: 64 }

/**
 * The text of a policy, with {@link noncePlaceholder} where a nonce goes.
 *
 * @param option what the policy is called in errors.
 * @throws HotpressError `OPTION_UNKNOWN` for a directive that there is not, `OPTION_INVALID` naming the directive.
 */
export function policyText(policy: ContentSecurityPolicy, option: string): string {
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy)) {
    return invalid(option, policy, 'an object of directives, or false')
  }
  const parts: string[] = []
  for (const [name, value] of Object.entries<unknown>(policy)) {
    if (!Object.hasOwn(directives, name)) {
      const known = Object.keys(directives).join(', ')
      throw new HotpressError('OPTION_UNKNOWN', { known, option: name, where: ` of ${option}` })
    }
    if (value !== undefined && value !== false) parts.push(directiveText(name as CspDirective, value, option))
  }
  return parts.length > 0 ? parts.join('; ') : invalid(option, policy, 'at least one directive')
}

function directiveText(name: CspDirective, value: unknown, policy: string): string {
  const option = `${policy}['${name}']`
  const check = directives[name]
  if (check === undefined) return value === true ? name : invalid(option, value, 'true or false')
  if (name === 'sandbox' && value === true) return name
  const values: readonly unknown[] = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : []
  if (values.length === 0)
    invalid(option, value, "a text or a list with at least one entry; 'none', in quotes, for none")
  for (const each of values) {
    if (typeof each !== 'string' || !isPlain.test(each)) {
      invalid(option, each, 'entries of printable ASCII with one blank between, without semicolons and commas')
    }
  }
  check(values as readonly string[], option)
  return `${name} ${values.join(' ')}`
}

function matching(pattern: RegExp, takes: string, most = Number.POSITIVE_INFINITY): Check {
  return (values, option) => {
    for (const value of values) if (!pattern.test(value)) invalid(option, value, takes)
    if (values.length > most) invalid(option, values.join(' '), `one value: ${takes}`)
  }
}

function sources({ hashes = false, keywords = [], nonce = false }: SourceKind): Check {
  const allowed = ["'self'", ...keywords]
  const known = [...allowed, ...(nonce ? [noncePlaceholder] : []), ...(hashes ? ["'sha256-…'"] : [])]
  const takes = `a host, a scheme such as https:, *, ${known.join(', ')}, or 'none' alone`

  function check(source: string, option: string, isAlone: boolean): void {
    if (source === "'none'") {
      if (!isAlone) invalid(option, source, "'none' alone, or other sources without it")
    } else if (source.startsWith("'nonce-")) {
      const reason = 'one that stays the same protects nothing'
      invalid(option, source, `${noncePlaceholder}, in whose place a nonce comes with each request: ${reason}`)
    } else if (source.includes("'")) {
      const isNonce = nonce && source === noncePlaceholder
      if (!allowed.includes(source) && !isNonce && !(hashes && isHash(source))) invalid(option, source, takes)
    } else if (isUnquoted(source)) {
      invalid(option, source, `"'${source}'", in quotes: without them it is the name of a host`)
    } else if (source !== '*' && !scheme.test(source) && !host.test(source)) {
      invalid(option, source, takes)
    }
  }

  return (values, option) => {
    for (const value of values) check(value, option, values.length === 1)
  }
}

function isHash(source: string): boolean {
  const [, name = '', digest = ''] = hash.exec(source) ?? []
  return Buffer.from(digest, 'base64').length === hashBytes[name]
}

function isUnquoted(source: string): boolean {
  const quoted = `'${source.toLowerCase()}'`
  return everyKeyword.has(quoted) || quoted === noncePlaceholder || /^'(?:nonce|sha256|sha384|sha512)-/.test(quoted)
}
