import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a program that has ended has said. */
export interface Said {
  readonly status: number | null
  readonly stderr: string
  /** Each byte a character. */
  readonly stdout: string
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly folder?: string
  /** Written to it, and then its input ends; else it has none. */
  readonly input?: string | Uint8Array | undefined
  /** Milliseconds after which it is ended. */
  readonly timeout?: number
}

/** Why tests with a program are skipped: it is not installed. In CI, which installs all, that is a failure and no skip. */
export function missing(command: string, ...args: readonly string[]): string | false {
  const { error } = spawnSync(command, args, { stdio: 'ignore' })
  if (error !== undefined && process.env.CI === 'true') throw error
  return error === undefined ? false : `${command} is not installed`
}

/** Runs a program to its end, while the apps of this process go on. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Said> {
  const { env, folder, input, timeout = 60_000 } = options
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    timeout,
  })
  // It may leave before it has read all.
  child.stdin?.on('error', () => {}).end(input)
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout!.on('data', (part) => stdout.push(part))
  child.stderr!.on('data', (part) => stderr.push(part))
  const [status] = await once(child, 'close')
  assert.equal(child.killed, false, `${command} took more than ${timeout} ms: ${Buffer.concat(stderr)}`)
  return { status, stderr: Buffer.concat(stderr).toString(), stdout: Buffer.concat(stdout).toString('latin1') }
}

/** A folder that is gone when the tests of the file are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'hotpress-interop-'))
  process.once('exit', () => rmSync(folder, { force: true, recursive: true }))
  return folder
}

/** A port that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  assert.ok(typeof address === 'object' && address !== null)
  return address.port
}

/** Starts a server and waits until it listens. @returns what ends it. */
export async function startServer(
  command: string,
  args: readonly string[],
  port: number,
): Promise<() => Promise<void>> {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr!.on('data', (part) => {
    said += part
  })
  // A test run that is cut short leaves none behind.
  const abandon = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', abandon)
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null
  const stop = async (): Promise<void> => {
    process.removeListener('exit', abandon)
    const ended = isGone() ? undefined : once(child, 'exit')
    abandon()
    await ended
  }
  for (let tries = 0; !(await answers(port)); tries++) {
    if (isGone() || tries >= 400) {
      await stop()
      assert.fail(`${command} does not listen: ${said}`)
    }
    await sleep(25)
  }
  return stop
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => resolve(false))
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
