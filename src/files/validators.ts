import type { BigIntStats } from 'node:fs'

/**
 * Dates of HTTP (RFC 9110, 5.6.7) in whole seconds: the form of today and the two that recipients must still take.
 *
 * @returns undefined for anything else.
 */
export function parseHttpDate(text: string): number | undefined {
  const parts = fixdate.exec(text) ?? rfc850.exec(text)
  const found = parts?.groups ?? asctime.exec(text)?.groups
  if (found === undefined) return undefined
  const { day = '', hour = '', minute = '', month = '', second = '', year = '' } = found
  const monthIndex = months.indexOf(month)
  const date = Date.UTC(fullYear(year), monthIndex, Number(day), Number(hour), Number(minute))
  const isReal = new Date(date).getUTCDate() === Number(day) && Number(hour) < 24 && Number(minute) < 60
  // A minute may have a leap second.
  return isReal && Number(second) <= 60 ? date / 1000 + Number(second) : undefined
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const monthName = `(?<month>${months.join('|')})`
const time = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)'
const fixdate = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d\\d) ${monthName} (?<year>\\d{4}) ${time} GMT$`)
const rfc850 = new RegExp(
  `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d\\d)-${monthName}-(?<year>\\d\\d) ${time} GMT$`,
)
const asctime = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${monthName} (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`)

// A year of two digits that seems over 50 years ahead is the last one with these digits (RFC 9110, 5.6.7).
function fullYear(digits: string): number {
  if (digits.length === 4) return Number(digits)
  const now = new Date().getUTCFullYear()
  const year = now - (now % 100) + Number(digits)
  return year > now + 50 ? year - 100 : year
}

/** The time of a file's last change in whole seconds, never ahead of the clock (RFC 9110, 8.8.2.1). */
export function modifiedSeconds(stats: BigIntStats, now: number = Date.now()): number {
  const seconds = Number(stats.mtimeNs / 1_000_000_000n)
  return Math.max(0, Math.min(seconds, Math.floor(now / 1000)))
}

/** Whether two looks at a file saw the same version of it. */
export function isSameVersion(one: BigIntStats, other: BigIntStats): boolean {
  return (
    one.mtimeNs === other.mtimeNs &&
    one.size === other.size &&
    one.ino === other.ino &&
    one.dev === other.dev &&
    one.ctimeNs === other.ctimeNs
  )
}

/** The tag of a version of a file that is too large to be read for it: its size and the time of its last change. */
export function statTag(stats: BigIntStats): string {
  return `${stats.size.toString(36)}-${stats.mtimeNs.toString(36)}`
}

// An opaque tag is any byte but controls, spaces and the quote; a comma may stand inside (RFC 9110, 8.8.3).
// Spaces stand in two places that never meet, so that a long run of them is gone through once.
const entityTag = /[ \t]*(?:(?<weak>W\/)?"(?<tag>[\x21\x23-\x7e\x80-\xff]*)"[ \t]*)?(?:,|$)/y

/**
 * Whether a list of entity tags holds one.
 *
 * @param etag the strong tag of what there is, with its quotes; undefined where it has none.
 * @param isWeak whether a weak tag of the same text is as good (weak comparison, RFC 9110, 8.8.3.2).
 */
export function listHolds(list: string, etag: string | undefined, isWeak: boolean): boolean {
  if (list.trim() === '*') return true
  if (etag === undefined) return false
  // Nearly always the one tag that was sent before.
  if (list === etag) return true
  entityTag.lastIndex = 0
  while (entityTag.lastIndex < list.length) {
    const found = entityTag.exec(list)
    // What is no tag ends the list: nothing after it can be told apart with certainty.
    if (found === null) return false
    const { tag, weak } = found.groups!
    if (tag !== undefined && `"${tag}"` === etag && (isWeak || weak === undefined)) return true
    if (found[0] === '') return false
  }
  return false
}
