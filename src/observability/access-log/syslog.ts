import { readFileSync, realpathSync } from 'node:fs'
import type { NetConnectOpts } from 'node:net'
import { hostname } from 'node:os'
import { refused } from '../../core/options-check.js'
import { describe } from '../../errors.js'
import { LogClock } from './clock.js'
import type { Level } from './entry.js'

/** The facilities of RFC 5424, 6.2.1, by the names that they go by. */
export const facilities = {
  auth: 4,
  authpriv: 10,
  daemon: 3,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
  user: 1,
} as const

/** The severities of RFC 5424, 6.2.1, for the levels of pino. */
export const severities: Readonly<Record<Level, number>> = { 30: 6, 40: 4, 50: 3 }

/** Where lines of syslog go. */
export type SyslogAddress =
  | { readonly host: string; readonly kind: 'udp'; readonly port: number }
  | { readonly kind: 'tcp' | 'unix'; readonly where: NetConnectOpts }

const takes =
  "an address such as 'udp://logs.example.com:514', 'tcp://logs.example.com:601' or 'unix:///run/syslog.sock'"

/** @throws HotpressError `OPTION_INVALID` */
export function syslogAddress(value: unknown, option: string): SyslogAddress {
  const url =
    typeof value === 'string' && URL.canParse(value) ? new URL(value) : refused(option, describe(value), takes)
  const isBare = url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  if (url.protocol === 'unix:') {
    if (url.host !== '' || url.pathname.length < 2 || !isBare) refused(option, describe(value), takes)
    const path = decodeURIComponent(url.pathname)
    checkStream(path, option, value)
    return { kind: 'unix', where: { path } }
  }
  if (url.hostname === '' || !isBare || !['', '/'].includes(url.pathname)) refused(option, describe(value), takes)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  // RFC 5426, 3.3, and the port that is registered for syslog by TCP.
  if (url.protocol === 'udp:') return { host, kind: 'udp', port: Number(url.port || 514) }
  if (url.protocol === 'tcp:') return { kind: 'tcp', where: { host, port: Number(url.port || 601) } }
  return refused(option, describe(value), takes)
}

/**
 * Makes messages of RFC 5424 of lines.
 *
 * @param isCounted whether each has its length in front (octet counting, RFC 6587, 3.4.1); else a line feed behind it.
 */
export function syslogFrame(
  facility: keyof typeof facilities,
  appName: string,
  isCounted: boolean,
): (line: string, level: Level, time: number) => string {
  const clock = new LogClock()
  const code = facilities[facility] * 8
  const rest = ` ${word(hostname(), 255)} ${word(appName, 48)} ${process.pid} access - `
  return (line, level, time) => {
    const message = `<${code + severities[level]}>1 ${clock.iso(time)}${rest}${line}`
    return isCounted ? `${message.length} ${message}` : `${message}\n`
  }
}

// Node has no datagram sockets of the family AF_UNIX, and that is what /dev/log is with systemd and rsyslog. Linux says of
// each socket what it is: better at start than in each line of the app's log.
function checkStream(path: string, option: string, value: unknown): void {
  if (process.platform !== 'linux') return
  try {
    const real = realpathSync(path)
    const lines = readFileSync('/proc/net/unix', 'utf8').split('\n')
    const kinds = lines.map((line) => line.split(/ +/)).filter((columns) => columns[7] === path || columns[7] === real)
    if (kinds.length === 0 || kinds.some((columns) => columns[4] === '0001')) return
  } catch {
    // Not there yet, or nobody says what it is.
    return
  }
  refused(
    option,
    `${describe(value)}, a socket for datagrams`,
    "a socket for streams, as Node has no others of the family AF_UNIX: use 'udp://127.0.0.1:514' where the daemon listens there, or 'journald'",
  )
}

// RFC 5424, 6: printable ASCII without spaces, or a hyphen.
function word(text: string, most: number): string {
  return text.replace(/[^\x21-\x7e]/g, '').slice(0, most) || '-'
}
