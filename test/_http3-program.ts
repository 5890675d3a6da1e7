import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

// What speaks HTTP/3 here is the h3 crate: neither Node nor most builds of curl do.
const built = new URL('../../test/clients/h3/target/release/', import.meta.url)
const suffix = process.platform === 'win32' ? '.exe' : ''

/** The path of a program of `test/clients/h3`. */
export function http3Program(name: 'h3-client' | 'h3-server'): string {
  return fileURLToPath(new URL(name + suffix, built))
}

/** Why there is no client of HTTP/3; false where there is one. In CI that is a failure, where it could have been built. */
export const http3Missing: string | false = (() => {
  if (existsSync(http3Program('h3-client'))) return false
  const reason = 'the client of HTTP/3 is not built: npm run build:h3-client'
  if (process.env.CI !== 'true') return reason
  if (spawnSync('cargo', ['--version'], { stdio: 'ignore' }).error === undefined) throw new Error(reason)
  return reason
})()

export type Fields = readonly (readonly [name: string, value: string])[]

/** A line that the client tells; `test/clients/h3/src/bin/h3-client/main.rs` says what there is. */
export interface Told {
  readonly body?: string
  readonly certificate?: string
  readonly code?: number | null
  readonly conn?: number
  readonly event: string
  readonly headers?: Fields
  readonly id?: number
  readonly reason?: string
  readonly status?: number
  readonly trailers?: Fields | null
}

const listeners = new Map<number, (told: Told) => void>()
let last = 0
let running: ChildProcess | undefined
let waiting = 0

/** @returns the number by which a connection, or what is on one, is told what to do, and by which it tells. */
export function begin(listener: (told: Told) => void): number {
  listeners.set(++last, listener)
  return last
}

// One process for a test file, with all of its connections; it ends with its input.
function client(): ChildProcess {
  if (running !== undefined) return running
  const started = spawn(http3Program('h3-client'), { stdio: ['pipe', 'pipe', 'inherit'] })
  running = started
  ;(started.stdin as Socket).unref()
  hold(started, waiting > 0)
  // It may have left before it is told.
  started.stdin.on('error', () => {})
  const ended = (): void => {
    if (running !== started) return
    running = undefined
    for (const listener of listeners.values()) listener({ event: 'closed', reason: 'the client of HTTP/3 has ended' })
  }
  started.once('error', ended).once('close', ended)
  createInterface({ input: started.stdout }).on('line', (line) => {
    const told = JSON.parse(line) as Told
    listeners.get(told.id ?? told.conn ?? 0)?.(told)
  })
  return started
}

function hold(child: ChildProcess, isHeld: boolean): void {
  for (const end of [child, child.stdout as Socket]) {
    if (isHeld) end.ref()
    else end.unref()
  }
}

/** While somebody waits for what the client tells, the test's process stays for it; and no longer. */
export async function awaited<T>(promise: Promise<T>): Promise<T> {
  if (waiting++ === 0 && running !== undefined) hold(running, true)
  try {
    return await promise
  } finally {
    if (--waiting === 0 && running !== undefined) hold(running, false)
  }
}

/** Tells the client what to do. */
export function order(what: Readonly<Record<string, unknown>>): void {
  client().stdin!.write(`${JSON.stringify(what)}\n`)
}
