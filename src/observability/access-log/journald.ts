import type { Level } from './entry.js'
import { severities } from './syslog.js'

/** Where the journal takes streams of lines, as those of standard output are. */
export const journalPath = '/run/systemd/journal/stdout'

/**
 * What a stream to the journal begins with, as sd_journal_stream_fd(3) sends it: the identifier, no unit, the priority of
 * lines that have none, that lines begin with theirs, and that nothing is sent on by the journal.
 */
export function journalGreeting(identifier: string): string {
  return `${identifier}\n\n${severities[30]}\n1\n0\n0\n0\n`
}

/** A line with its priority (sd-daemon(3)). */
export function journalFrame(line: string, level: Level): string {
  return `<${severities[level]}>${line}\n`
}
