import { describe, HotpressError } from '../errors.js'

/**
 * Makes a setting of an option's value.
 *
 * @param option what errors call it.
 * @throws HotpressError `OPTION_INVALID`
 */
export type Check<Setting = unknown> = (value: unknown, option: string) => Setting

/** @throws HotpressError `OPTION_INVALID` */
export function checkBoolean(value: unknown, option: string): boolean {
  return typeof value === 'boolean' ? value : invalid(option, value, 'true or false')
}

/** @throws HotpressError `OPTION_INVALID` */
export function checkFunction<Value>(value: Value, option: string): Value {
  return typeof value === 'function' ? value : invalid(option, value, 'a function')
}

/**
 * Runs a table of checks over options. One that is there and undefined is one that was left out.
 *
 * @param where what stands behind the name of an option in errors: ` of file()`.
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function checkOptions<Checks extends Readonly<Record<string, Check>>>(
  options: unknown,
  checks: Checks,
  where: string,
): { [Name in keyof Checks]?: ReturnType<Checks[Name]> } {
  if (typeof options !== 'object' || options === null) invalid(`options${where}`, options, 'an object')
  const given: Record<string, unknown> = {}
  for (const [option, value] of Object.entries(options as object)) {
    const check = Object.hasOwn(checks, option) ? checks[option] : undefined
    if (check === undefined) {
      throw new HotpressError('OPTION_UNKNOWN', { known: Object.keys(checks).sort().join(', '), option, where })
    }
    if (value !== undefined) given[option] = check(value, `${option}${where}`)
  }
  return given as { [Name in keyof Checks]?: ReturnType<Checks[Name]> }
}

/** @throws HotpressError `OPTION_INVALID` */
export function invalid(option: string, value: unknown, takes: string): never {
  return refused(option, describe(value), takes)
}

/**
 * As {@link invalid}, for what is wrong in another way than its type or range tells.
 *
 * @param got in words.
 * @throws HotpressError `OPTION_INVALID`
 */
export function refused(option: string, got: string, takes: string): never {
  throw new HotpressError('OPTION_INVALID', { got, option, takes })
}
