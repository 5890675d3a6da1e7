import { checkHeaderValue, headerName } from '../core/headers.js'
import { checkBoolean, checkOptions, invalid } from '../core/options-check.js'
import { type ContentSecurityPolicy, policyText } from './content-security-policy.js'
import { type PermissionsPolicy, permissionsText } from './permissions-policy.js'

/** Values of `Cross-Origin-Embedder-Policy` (HTML, 7.1.4). */
export type EmbedderPolicy = (typeof embedderPolicies)[number]
/** Values of `Cross-Origin-Opener-Policy` (HTML, 7.1.3). */
export type OpenerPolicy = (typeof openerPolicies)[number]
/** Values of `Cross-Origin-Resource-Policy` (Fetch, 3.7). */
export type ResourcePolicy = (typeof resourcePolicies)[number]
/** Values of `Referrer-Policy`. */
export type ReferrerPolicy = (typeof referrerPolicies)[number]

/** `Strict-Transport-Security` (RFC 6797). */
export interface HstsOptions {
  /** Whether it holds for subdomains too: false by default. */
  readonly includeSubDomains?: boolean
  /** Seconds for which a browser comes by HTTPS only: 63,072,000 (two years) by default, 0 to have it forget. */
  readonly maxAge?: number
  /** Whether the domain may be put on the list that browsers bring along. Needs `includeSubDomains`, and a year at least. */
  readonly preload?: boolean
}

const embedderPolicies = ['credentialless', 'require-corp', 'unsafe-none'] as const
const framePolicies = ['DENY', 'SAMEORIGIN'] as const
const openerPolicies = ['noopener-allow-popups', 'same-origin', 'same-origin-allow-popups', 'unsafe-none'] as const
const referrerPolicies = [
  'no-referrer',
  'no-referrer-when-downgrade',
  'origin',
  'origin-when-cross-origin',
  'same-origin',
  'strict-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
] as const
const resourcePolicies = ['cross-origin', 'same-origin', 'same-site'] as const
const xssPolicies = ['0', '1', '1; mode=block'] as const

const year = 31_536_000

// What others write, or what is different from answer to answer.
const foreign: readonly string[] = ['content-length', 'content-type', 'server', 'set-cookie', 'x-request-id']

const brand = Symbol.for('hotpress.SecurityHeaders')

/**
 * Headers that tell browsers what a page may do, and what may be done with it. Each setter checks its value, takes the
 * place of what was set before, and leaves the header out when it gets false.
 *
 * @throws HotpressError `HEADER_INVALID`, `OPTION_INVALID`, `OPTION_UNKNOWN`
 * @example
 * new Hotpress({ securityHeaders: new SecurityHeaders().recommended().frameOptions('SAMEORIGIN').custom('X-Foo', 'bar') })
 */
export class SecurityHeaders {
  readonly #headers = new Map<string, readonly [name: string, value: string | false]>()

  /** The headers by name, with `'nonce'` where a nonce goes; false for those that are left out. */
  get headers(): ReadonlyMap<string, string | false> {
    return new Map(this.#headers.values())
  }

  /** `Content-Security-Policy`: what a page may load, run and connect to. */
  contentSecurityPolicy(policy: ContentSecurityPolicy | false): this {
    return this.#set('Content-Security-Policy', policy !== false && policyText(policy, 'contentSecurityPolicy'))
  }

  /** `Content-Security-Policy-Report-Only`: the same, of which breaches are only reported. */
  contentSecurityPolicyReportOnly(policy: ContentSecurityPolicy | false): this {
    const text = policy !== false && policyText(policy, 'contentSecurityPolicyReportOnly')
    return this.#set('Content-Security-Policy-Report-Only', text)
  }

  /** `X-Content-Type-Options`: `nosniff`. An app sends it without being asked; false leaves it out. */
  contentTypeOptions(value: 'nosniff' | false = 'nosniff'): this {
    return this.#choose('X-Content-Type-Options', 'contentTypeOptions', value, ['nosniff'])
  }

  /** `Cross-Origin-Embedder-Policy`: what a page may embed of others. */
  crossOriginEmbedderPolicy(value: EmbedderPolicy | false = 'require-corp'): this {
    return this.#choose('Cross-Origin-Embedder-Policy', 'crossOriginEmbedderPolicy', value, embedderPolicies)
  }

  /** `Cross-Origin-Opener-Policy`: whether windows of others that open a page, or are opened by it, can reach it. */
  crossOriginOpenerPolicy(value: OpenerPolicy | false = 'same-origin'): this {
    return this.#choose('Cross-Origin-Opener-Policy', 'crossOriginOpenerPolicy', value, openerPolicies)
  }

  /** `Cross-Origin-Resource-Policy`: which sites may embed the answer without CORS. */
  crossOriginResourcePolicy(value: ResourcePolicy | false = 'same-origin'): this {
    return this.#choose('Cross-Origin-Resource-Policy', 'crossOriginResourcePolicy', value, resourcePolicies)
  }

  /** Any other header. */
  custom(name: string, value: string | false): this {
    if (foreign.includes(headerName(name))) {
      invalid('custom', name, `any header but ${foreign.join(', ')}`)
    }
    if (value === false) return this.#set(name, value)
    if (!checkHeaderValue(name, value)) invalid(`custom['${name}']`, value, 'a text in ASCII, or false')
    return this.#set(name, value)
  }

  /** `X-Frame-Options`, for browsers that do not know the directive `frame-ancestors`, which goes before it. */
  frameOptions(value: (typeof framePolicies)[number] | false = 'DENY'): this {
    return this.#choose('X-Frame-Options', 'frameOptions', value, framePolicies)
  }

  /** `Strict-Transport-Security`; browsers take no account of it where it comes by plain HTTP. */
  hsts(options: HstsOptions | false = {}): this {
    return this.#set('Strict-Transport-Security', options !== false && hstsText(options))
  }

  /** `Permissions-Policy`: which features of the browser a page, and what it embeds, may use. */
  permissionsPolicy(policy: PermissionsPolicy | false): this {
    return this.#set('Permissions-Policy', policy !== false && permissionsText(policy))
  }

  /**
   * What OWASP (HTTP Headers Cheat Sheet, Secure Headers Project) and Mozilla (Observatory) advise and what breaks neither
   * an API nor pages that embed nothing of others. docs/security-headers.md has it header by header.
   */
  recommended(): this {
    return this.contentSecurityPolicy({
      'default-src': "'self'",
      'base-uri': "'self'",
      'form-action': "'self'",
      'frame-ancestors': "'none'",
      'object-src': "'none'",
    })
      .crossOriginOpenerPolicy('same-origin')
      .crossOriginResourcePolicy('same-origin')
      .frameOptions('DENY')
      .hsts({ includeSubDomains: true, maxAge: 2 * year })
      .permissionsPolicy({ camera: [], geolocation: [], microphone: [], payment: [], usb: [] })
      .referrerPolicy('strict-origin-when-cross-origin')
      .xssProtection('0')
  }

  /** `Referrer-Policy`: how much of its address a page tells those that it leads to; of several the last that is known. */
  referrerPolicy(value: ReferrerPolicy | readonly ReferrerPolicy[] | false = 'strict-origin-when-cross-origin'): this {
    if (value === false) return this.#set('Referrer-Policy', value)
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (values.length === 0) invalid('referrerPolicy', value, listed(referrerPolicies))
    const chosen = values.map((each) => choose('referrerPolicy', each, referrerPolicies))
    return this.#set('Referrer-Policy', chosen.join(', '))
  }

  /** `X-XSS-Protection`: `0` switches off a filter of old browsers that did more harm than good. */
  xssProtection(value: (typeof xssPolicies)[number] | false = '0'): this {
    return this.#choose('X-XSS-Protection', 'xssProtection', value, xssPolicies)
  }

  #choose(name: string, option: string, value: unknown, values: readonly string[]): this {
    return this.#set(name, value === false ? value : choose(option, value, values))
  }

  #set(name: string, value: string | false): this {
    this.#headers.set(name.toLowerCase(), [name, value])
    return this
  }
}

// On the prototype, so that what another loaded copy of the package (ESM beside CommonJS) has built is known too.
Object.defineProperty(SecurityHeaders.prototype, brand, { value: true })

/** Whether something was built by {@link SecurityHeaders}. */
export function isSecurityHeaders(value: unknown): value is SecurityHeaders {
  return typeof value === 'object' && value !== null && brand in value
}

function choose(option: string, value: unknown, values: readonly string[]): string {
  const found = values.find((each) => each === value)
  return found ?? invalid(option, value, listed(values))
}

function hstsText(options: HstsOptions): string {
  const seconds = (value: unknown, option: string): number =>
    Number.isSafeInteger(value) && (value as number) >= 0
      ? (value as number)
      : invalid(option, value, 'a whole number of seconds from 0')
  const checks = { includeSubDomains: checkBoolean, maxAge: seconds, preload: checkBoolean }
  const { includeSubDomains = false, maxAge = 2 * year, preload = false } = checkOptions(options, checks, ' of hsts')
  // What hstspreload.org asks for.
  if (preload && includeSubDomains !== true)
    invalid('includeSubDomains of hsts', includeSubDomains, 'true with preload')
  if (preload && (maxAge as number) < year) invalid('maxAge of hsts', maxAge, `${year} (a year) at least with preload`)
  return `max-age=${maxAge}${includeSubDomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`
}

function listed(values: readonly string[]): string {
  return `${values.map((value) => `'${value}'`).join(', ')}, or false`
}
