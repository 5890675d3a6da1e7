import { invalid } from '../core/options-check.js'

/**
 * A Permissions-Policy: for each feature of a browser who may use it: nobody (`[]`), everybody (`'*'`), or a list of
 * `'self'` and origins.
 *
 * @example
 * { camera: [], geolocation: ['self', 'https://maps.example'], fullscreen: '*' }
 */
export type PermissionsPolicy = Readonly<Record<string, '*' | readonly string[]>>

// Which features there are differs from browser to browser and from year to year; what is a key (RFC 9651, 3.1.2) does not.
const feature = /^[a-z][a-z0-9-]*$/
const origin = /^https?:\/\/(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::\d{1,5})?$/

/** The value of the header. @throws HotpressError `OPTION_INVALID` */
export function permissionsText(policy: PermissionsPolicy): string {
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy)) {
    return invalid('permissionsPolicy', policy, 'an object of features, or false')
  }
  const parts = Object.entries<unknown>(policy).map(([name, allowed]) => {
    if (!feature.test(name)) invalid('permissionsPolicy', name, 'names of features in lower case, such as camera')
    return `${name}=${allowedText(allowed, `permissionsPolicy['${name}']`)}`
  })
  return parts.length > 0 ? parts.join(', ') : invalid('permissionsPolicy', policy, 'at least one feature')
}

function allowedText(allowed: unknown, option: string): string {
  if (allowed === '*') return allowed
  if (!Array.isArray(allowed)) return invalid(option, allowed, "'*', or a list of 'self' and origins, [] for nobody")
  const list = allowed.map((each) => {
    if (each === 'self') return each
    const isOrigin = typeof each === 'string' && origin.test(each)
    return isOrigin
      ? `"${each}"`
      : invalid(option, each, "'self' without further quotes, or an origin such as 'https://example.com'")
  })
  return `(${list.join(' ')})`
}
