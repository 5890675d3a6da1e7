import { isIP } from 'node:net'
import { invalid, refused } from '../core/options-check.js'

const takes = "a list of host names such as 'example.com' or '*.example.com', IDN in their ASCII form (xn--…)"

const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?'
const hostName = new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*$`)

/** Whether a text in lower case is a host name, or one with `*.` for any one label in front. */
export function isHostName(text: string): boolean {
  return hostName.test(text) && text.length <= 253 && isIP(text) === 0
}

/**
 * Checks a list of host names; in lower case, each once.
 *
 * @throws HotpressError `OPTION_INVALID`
 */
export function checkHostNames(value: unknown, option: string): readonly string[] {
  if (!Array.isArray(value)) return invalid(option, value, takes)
  if (value.length === 0) return refused(option, 'an empty list', takes)
  const names = (value as readonly unknown[]).map((each) => {
    const name = typeof each === 'string' ? each.toLowerCase() : ''
    return isHostName(name) ? name : invalid(option, each, takes)
  })
  return [...new Set(names)]
}

/** Whether a name is one of a list, as such or by a wildcard of one label. */
export function hasHostName(names: ReadonlySet<string>, name: string): boolean {
  const lower = name.toLowerCase()
  if (names.has(lower)) return true
  const dot = lower.indexOf('.')
  return dot > 0 && names.has(`*${lower.slice(dot)}`)
}
