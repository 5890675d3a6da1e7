import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunOptions } from '../../src/index.js'
import type { WorkerDeeds } from './_workers-app.js'

/** A line of a log. */
export interface Line {
  readonly err?: { readonly message: string }
  readonly level: number
  readonly msg: string
  readonly pid: number
  readonly worker?: number
  readonly workerPid?: number
}

/** Who has answered. */
export interface Who {
  readonly id: number
  readonly pid: number
  readonly version: string
}

const appUrl = new URL('./_workers-app.js', import.meta.url).href

/** Milliseconds after which a program that has not ended is ended. */
const patience = 60_000

/** A program in a file, that runs an app in workers. */
export class Program {
  readonly #child: ChildProcess
  readonly #folder: string
  #text = ''
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null; readonly stderr: string }>
  readonly file: string

  private constructor(transport: string, folder: string, words: readonly string[], env: NodeJS.ProcessEnv) {
    this.#folder = folder
    this.file = path.join(folder, 'program.mjs')
    this.#child = spawn(process.execPath, [this.file, ...words], {
      env: { ...process.env, ...env, TRANSPORT: transport },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stderr = ''
    this.#child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      this.#text += chunk
    })
    this.#child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk
    })
    const limit = setTimeout(() => this.kill('SIGKILL'), patience)
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      clearTimeout(limit)
      return { code, signal, stderr }
    })
  }

  /** Starts one; `end()` has to follow. */
  static start(
    transport: string,
    run: RunOptions,
    { deed = '', env = {}, ...deeds }: WorkerDeeds & { readonly deed?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ): Program {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotpress-workers-'))
    write(folder, deeds)
    return new Program(transport, folder, [JSON.stringify({ workers: 2, ...run }), deed], env)
  }

  get lines(): readonly Line[] {
    return this.#text
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Line)
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** The processes that have been workers. */
  get workerPids(): readonly number[] {
    return [...new Set(this.lines.flatMap(({ workerPid }) => workerPid ?? []))]
  }

  /** Ends it and its workers, in whatever way. */
  async end(): Promise<void> {
    this.kill('SIGKILL')
    await this.ended
    for (const pid of this.workerPids) if (isRunning(pid)) process.kill(pid, 'SIGKILL')
    rmSync(this.#folder, { force: true, recursive: true })
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The URL, when all workers are ready. */
  async ready(): Promise<string> {
    const { msg } = await this.said(/workers? listening on/)
    return msg.split(' ').at(-1)!
  }

  /** A line of the log that matches, when there have been so many. */
  async said(part: RegExp, times = 1): Promise<Line> {
    for (;;) {
      const found = this.lines.filter(({ msg }) => part.test(msg))
      if (found.length >= times) return found[times - 1]!
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        const { stderr } = await this.ended
        throw new Error(`it has ended without ${part}:\n${this.#text}${stderr}`)
      }
      await sleep(10)
    }
  }

  /** Has the program be another from here on. */
  write(deeds: WorkerDeeds, before = ''): void {
    write(this.#folder, deeds, before)
  }
}

function write(folder: string, deeds: WorkerDeeds, before = ''): void {
  const text = `${before}\nimport { serve } from ${JSON.stringify(appUrl)}\nawait serve(${JSON.stringify(deeds)}, process.env.TRANSPORT)\n`
  writeFileSync(path.join(folder, 'program.mjs'), text)
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Who answers, by a connection for each: until there have been so many ids. */
export async function whoAnswers(url: string, ids: number): Promise<Map<number, Who>> {
  const found = new Map<number, Who>()
  while (found.size < ids) {
    const answer = await fetch(url, { headers: { connection: 'close' } })
    const who = (await answer.json()) as Who
    found.set(who.id, who)
  }
  return found
}

/** Waits until none of some processes runs any more. */
export async function gone(pids: readonly number[]): Promise<void> {
  while (pids.some(isRunning)) await sleep(10)
}
