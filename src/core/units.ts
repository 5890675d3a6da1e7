import { invalid } from './options-check.js'

const sizes: Readonly<Record<string, number>> = { b: 1, gb: 1024 ** 3, kb: 1024, mb: 1024 ** 2 }
const times: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, ms: 1, s: 1000 }
const durations: Readonly<Record<string, number>> = { ...times, d: 86_400_000 }

function parse(value: unknown, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined
  if (typeof value !== 'string') return undefined
  const match = /^(\d+(?:\.\d+)?) ?([a-z]+)$/i.exec(value)
  const name = match?.[2]?.toLowerCase() ?? ''
  if (!Object.hasOwn(units, name)) return undefined
  const whole = Math.round(Number(match?.[1]) * units[name]!)
  return Number.isSafeInteger(whole) ? whole : undefined
}

/**
 * A size in bytes, from a number of them or a text with a unit (`'10mb'`; 1 kb is 1,024 bytes).
 *
 * @throws HotpressError `OPTION_INVALID` naming the option.
 */
export function bytesOf(value: unknown, option: string): number {
  const bytes = parse(value, sizes)
  if (bytes !== undefined) return bytes
  const takes = "a whole number of bytes, or a text with b, kb, mb or gb such as '10mb'"
  return invalid(option, value, takes)
}

/**
 * A time in milliseconds, from a number of them or a text with a unit (`'30s'`).
 *
 * @throws HotpressError `OPTION_INVALID` naming the option.
 */
export function millisecondsOf(value: unknown, option: string): number {
  const milliseconds = parse(value, times)
  // setTimeout takes 31 bits, and fires at once beyond.
  if (milliseconds !== undefined && milliseconds < 2 ** 31) return milliseconds
  const takes = "a whole number of milliseconds, or a text with ms, s, m or h such as '30s', below 24 days"
  return invalid(option, value, takes)
}

/**
 * A whole number from 0.
 *
 * @throws HotpressError `OPTION_INVALID` naming the option.
 */
export function countOf(value: unknown, option: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  return invalid(option, value, 'a whole number from 0')
}

/**
 * A time in milliseconds that no timer waits for, such as the age of a copy: as {@link millisecondsOf}, and with days.
 *
 * @throws HotpressError `OPTION_INVALID` naming the option.
 */
export function durationOf(value: unknown, option: string): number {
  const milliseconds = parse(value, durations)
  if (milliseconds !== undefined) return milliseconds
  const takes = "a whole number of milliseconds, or a text with ms, s, m, h or d such as '30d'"
  return invalid(option, value, takes)
}
