import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { AccessLogOptions } from '../../../src/index.js'

/** A folder that is gone after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'hotpress-access-log-'))
  after(() => rmSync(folder, { force: true, recursive: true }))
  return folder
}

/** An app with an access log, in a process of its own. */
export async function startApp(
  options: AccessLogOptions,
  deed = '',
): Promise<{
  readonly child: ChildProcess
  /** What it wrote to standard output. */
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>
  readonly url: string
}> {
  const file = fileURLToPath(new URL('./_app.js', import.meta.url))
  const child = spawn(process.execPath, [file, JSON.stringify(options), deed], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const chunks: Buffer[] = []
  child.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk))
  const limit = setTimeout(() => child.kill('SIGKILL'), 60_000)
  const ended = once(child, 'close').then(([code]) => {
    clearTimeout(limit)
    return { code: code as number | null, output: Buffer.concat(chunks).toString('latin1') }
  })
  const [url] = (await once(child, 'message')) as [string]
  return { child, ended, url }
}

/**
 * Asks for `<kind>/<id>` by several connections at once, until there are so many or it is told to end; what is given is those
 * that were answered.
 */
export function load(
  url: string,
  name: string,
  count: number = Number.POSITIVE_INFINITY,
  clients: number = 16,
): Loading {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const answered: string[] = []
  let isOver = false
  let next = 0
  async function one(client: number): Promise<void> {
    while (!isOver && next < count) {
      const id = `${name}-${next++}`
      if ((await ask(`${url}/${client === 0 ? 'later' : 'now'}/${id}`, agent)) === id) answered.push(id)
    }
  }
  const done = Promise.all(Array.from({ length: clients }, (_, client) => one(client))).then(() => {
    agent.destroy()
    return answered
  })
  return {
    answered,
    done,
    end() {
      isOver = true
      return done
    },
  }
}

export interface Loading {
  readonly answered: readonly string[]
  readonly done: Promise<readonly string[]>
  end(): Promise<readonly string[]>
}

// Undefined where the connection was closed: the app is about to end.
function ask(url: string, agent: Agent): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request(url, { agent }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      answer.once('end', () => resolve(text)).once('error', () => resolve(undefined))
    })
    asked.once('error', () => resolve(undefined)).end()
  })
}

/** The files of a log and those that were put aside, and all of their lines. */
export function linesBelow(folder: string, begin: string): { readonly files: string[]; readonly lines: string[] } {
  const files = readdirSync(folder).filter((name) => name.startsWith(begin) && !name.endsWith('.tmp'))
  const lines = files.flatMap((name) => {
    const bytes = readFileSync(path.join(folder, name))
    const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1')
    assert.ok(text === '' || text.endsWith('\n'), `${name} ends within a line`)
    return text.split('\n').slice(0, -1)
  })
  return { files, lines }
}

/** Each request that was answered has one line, and no other has any; each line is `<path>` and a status. */
export function assertWhole(lines: readonly string[], answered: readonly string[], isExact = true): void {
  const found = new Map<string, number>()
  for (const line of lines) {
    const [, id] = /^\/(?:now|later)\/(\S+) 200$/.exec(line) ?? assert.fail(`a line that is none: ${line}`)
    found.set(id!, (found.get(id!) ?? 0) + 1)
  }
  const missing = answered.filter((id) => found.get(id) !== 1)
  assert.deepEqual(missing.slice(0, 5), [], `${missing.length} of ${answered.length} have no line, or several`)
  if (isExact) assert.equal(found.size, answered.length)
}

/** The format of such lines. */
export const lineFormat = '%U %>s'
