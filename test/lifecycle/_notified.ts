import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const receiverFile = fileURLToPath(new URL('../../../test/lifecycle/_notified.py', import.meta.url))

function has(command: string, ...words: readonly string[]): boolean {
  return spawnSync(command, words).status === 0
}

/** Why tests with it are skipped. */
export const notifyMissing: string | false =
  process.platform !== 'linux'
    ? 'there is no systemd here'
    : !has('systemd-notify', '--version')
      ? 'systemd-notify is not installed'
      : !has('python3', '--version') && 'python3 is not installed'

/** A datagram socket of the family AF_UNIX, as a service manager has it; it ends with the test. */
export async function receive(): Promise<{ readonly datagrams: string[]; readonly socket: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'hotpress-notify-'))
  const socket = path.join(folder, 'notify')
  const receiver = spawn('python3', [receiverFile, socket], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(receiver, 'exit')
  after(async () => {
    receiver.stdin.end()
    await ended
    rmSync(folder, { recursive: true })
  })
  const lines = createInterface({ input: receiver.stdout })
  const datagrams: string[] = []
  const begun = once(lines, 'line')
  lines.on('line', (line) => datagrams.push(JSON.parse(line) as string))
  await begun
  datagrams.shift()
  return { datagrams, socket }
}
