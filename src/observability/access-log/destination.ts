import { checkBoolean, checkOptions, invalid, refused } from '../../core/options-check.js'
import { bytesOf, countOf, durationOf } from '../../core/units.js'
import { describe } from '../../errors.js'
import { DatagramSink } from './datagram-sink.js'
import { DescriptorSink } from './descriptor.js'
import type { DropReport } from './drop-report.js'
import type { Level } from './entry.js'
import { FileSink } from './file-sink.js'
import { journalFrame, journalGreeting, journalPath } from './journald.js'
import type { RotateSettings } from './rotation.js'
import type { Sink } from './sink.js'
import { SocketSink } from './socket-sink.js'
import { facilities, syslogAddress, syslogFrame } from './syslog.js'

/** What is put around a line. */
export type Frame = (line: string, level: Level, time: number) => string

/** Where lines go, and what each has around it there. */
export interface Destination {
  /** What it is called in messages. */
  readonly name: string
  /** Undefined for a line feed behind each. */
  readonly frame: Frame | undefined
  makeSink(report: DropReport): Sink
}

const takes = "'stdout', 'journald', { file }, { journald } or { syslog }"

/** The longest period: no file would be put aside in a lifetime. */
const longest = 366 * 24 * 3_600_000

/** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN` */
export function makeDestination(value: unknown, option: string): Destination {
  if (value === 'stdout') {
    const name = 'standard output'
    return { frame: undefined, makeSink: () => new DescriptorSink(1, name), name }
  }
  if (value === 'journald') return journal('hotpress')
  if (typeof value !== 'object' || value === null) return invalid(option, value, takes)
  if ('file' in value) return fileOf(value, ` of ${option}`)
  if ('syslog' in value) return syslogOf(value, ` of ${option}`)
  if (!('journald' in value)) return invalid(option, value, takes)
  const { journald } = checkOptions(value, { journald: checkJournal }, ` of ${option}`)
  return journal(journald ?? 'hotpress')
}

function checkJournal(value: unknown, option: string): string | undefined {
  return checkOptions(value, { identifier: checkWord }, ` of ${option}`).identifier
}

function checkWord(value: unknown, option: string): string {
  const isWord = typeof value === 'string' && /^[\x21-\x7e]{1,48}$/.test(value)
  return isWord ? value : invalid(option, value, 'a text of 1 to 48 characters of ASCII, without spaces')
}

function fileOf(value: object, where: string): Destination {
  const given = checkOptions(
    value,
    {
      file: (path: unknown, option: string) =>
        typeof path === 'string' && path !== '' && !path.includes('\0')
          ? path
          : invalid(option, path, 'the path of a file'),
      mode: (mode: unknown, option: string) =>
        Number.isInteger(mode) && (mode as number) >= 0 && (mode as number) <= 0o777
          ? (mode as number)
          : invalid(option, mode, 'permissions such as 0o640'),
      reopen: (reopen: unknown, option: string) =>
        checkBoolean(reopen, option) && process.platform === 'win32'
          ? refused(option, 'true', 'false on Windows, which has no SIGUSR2')
          : (reopen as boolean),
      rotate: rotationOf,
    },
    where,
  )
  const { file, mode = 0o640, reopen = false, rotate } = given
  if (file === undefined) return invalid(`file${where}`, file, 'the path of a file')
  return {
    frame: undefined,
    makeSink: (report) => new FileSink({ file, mode, reopen, rotate }, (error) => report.neglected(error)),
    name: file,
  }
}

function journal(identifier: string): Destination {
  return {
    frame: journalFrame,
    makeSink: () => new SocketSink('the journal', { path: journalPath }, journalGreeting(identifier)),
    name: 'the journal',
  }
}

function rotationOf(value: unknown, option: string): RotateSettings {
  const atLeastOne = (count: unknown, name: string): number =>
    countOf(count, name) || invalid(name, count, 'at least 1')
  const moreThanZero =
    (check: (value: unknown, name: string) => number) =>
    (given: unknown, name: string): number =>
      check(given, name) || invalid(name, given, 'more than 0')
  const given = checkOptions(
    value,
    {
      compress: checkBoolean,
      every: (every: unknown, name: string) => {
        const period = moreThanZero(durationOf)(every, name)
        return period >= 1000 && period <= longest ? period : refused(name, describe(every), "from '1s' to '366d'")
      },
      keep: atLeastOne,
      maxAge: moreThanZero(durationOf),
      maxSize: moreThanZero(bytesOf),
    },
    ` of ${option}`,
  )
  const { compress = true, every, keep, maxAge, maxSize } = given
  if (every === undefined && maxSize === undefined) refused(option, 'no time and no size', 'every, maxSize or both')
  return { compress, every, keep, maxAge, maxSize }
}

function syslogOf(value: object, where: string): Destination {
  const names = Object.keys(facilities) as (keyof typeof facilities)[]
  const given = checkOptions(
    value,
    {
      appName: checkWord,
      facility: (facility: unknown, option: string) =>
        names.find((name) => name === facility) ?? invalid(option, facility, `one of ${names.join(', ')}`),
      framing: (framing: unknown, option: string) =>
        framing === 'newline' || framing === 'octet-counting'
          ? framing
          : invalid(option, framing, "'octet-counting' or 'newline'"),
      syslog: syslogAddress,
    },
    where,
  )
  const { appName = 'hotpress', facility = 'local0', framing, syslog } = given
  if (syslog === undefined) return invalid(`syslog${where}`, syslog, "an address such as 'udp://127.0.0.1:514'")
  const address = String((value as { readonly syslog: unknown }).syslog)
  if (syslog.kind === 'udp') {
    if (framing !== undefined) refused(`framing${where}`, 'it with UDP', 'it with TCP and Unix sockets alone')
    return {
      frame: syslogFrame(facility, appName, false),
      makeSink: (report) =>
        new DatagramSink(address, syslog.host, syslog.port, (lines, error) => report.dropped(lines, error)),
      name: address,
    }
  }
  return {
    frame: syslogFrame(
      facility,
      appName,
      (framing ?? (syslog.kind === 'tcp' ? 'octet-counting' : 'newline')) !== 'newline',
    ),
    makeSink: () => new SocketSink(address, syslog.where),
    name: address,
  }
}
