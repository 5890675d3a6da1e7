import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const command = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
const library = new URL('../../src/index.js', import.meta.url).href

export interface Ended {
  readonly code: number | null
  readonly stderr: string
  readonly stdout: string
}

/** A command under way. */
export interface Running {
  readonly ended: Promise<Ended>
  readonly pid: number
  kill(signal: NodeJS.Signals): void
  /** What matches in what it has said, when it has. */
  said(part: RegExp): Promise<RegExpExecArray>
}

/** A folder of files, where commands are run; it goes with the test. */
export class Folder {
  readonly #children = new Set<ChildProcess>()
  readonly path: string = mkdtempSync(path.join(tmpdir(), 'hotpress-cli-'))

  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [name, text] of Object.entries(files)) this.write(name, text)
    after(async () => {
      for (const child of this.#children) {
        if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      }
      rmSync(this.path, { force: true, recursive: true })
    })
  }

  /** Runs the command to its end. */
  run(...words: readonly string[]): Promise<Ended> {
    return this.start(...words).ended
  }

  start(...words: readonly string[]): Running {
    const env = { ...process.env, HOST: undefined, HOTPRESS_TRANSPORT: undefined, PORT: undefined }
    const child = spawn(process.execPath, [command, ...words], {
      cwd: this.path,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#children.add(child)
    let [stderr, stdout] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk
    })
    const limit = setTimeout(() => child.kill('SIGKILL'), 60_000)
    const ended = once(child, 'close').then(([code]): Ended => {
      clearTimeout(limit)
      return { code, stderr, stdout }
    })
    return {
      ended,
      kill: (signal) => void child.kill(signal),
      pid: child.pid!,
      async said(part) {
        for (;;) {
          const found = part.exec(stdout)
          if (found !== null) return found
          if (child.exitCode !== null || child.signalCode !== null) {
            throw new Error(`it has ended without ${part}:\n${stdout}${stderr}`)
          }
          await sleep(10)
        }
      },
    }
  }

  write(name: string, text: string): void {
    writeFileSync(path.join(this.path, name), text)
  }
}

/** A program whose app answers with a text, its worker's id and its transport. */
export function program(text: string): string {
  return `import { Hotpress, workerId } from ${JSON.stringify(library)}
export const app = new Hotpress()
app.get('/', () => ({ id: workerId() ?? 0, text: ${JSON.stringify(text)}, transport: app.capabilities().transports[0] }))
`
}
