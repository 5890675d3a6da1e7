import { refused } from '../core/options-check.js'
import { describe } from '../errors.js'

/** The first descriptor that is passed (sd_listen_fds(3)). */
const firstDescriptor = 3

const takes = "a descriptor from 0, 'systemd' or 'systemd:<name>'"

/**
 * The descriptor of a socket that listens already: itself, or one that systemd has passed to this process.
 *
 * @param value a number; `'systemd'` for the first, `'systemd:<name>'` for that of a name (`FileDescriptorName=`).
 * @throws HotpressError `OPTION_INVALID`
 */
export function descriptorOf(value: unknown, option: string, env: NodeJS.ProcessEnv = process.env): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31) return value as number
  const name = typeof value === 'string' ? /^systemd(?::(.+))?$/.exec(value) : null
  if (name === null) return refused(option, describe(value), takes)
  const count = env.LISTEN_PID === String(process.pid) ? Number(env.LISTEN_FDS) : 0
  if (!(count > 0)) {
    return refused(option, `${describe(value)}, and systemd has passed no socket to this process (LISTEN_FDS)`, takes)
  }
  if (name[1] === undefined) return firstDescriptor
  const names = (env.LISTEN_FDNAMES ?? '').split(':').slice(0, count)
  const index = names.indexOf(name[1])
  if (index < 0) return refused(option, `${describe(value)}, and the sockets passed are ${names.join(', ')}`, takes)
  return firstDescriptor + index
}
