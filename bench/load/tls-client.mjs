// The TLS client in Rust, bench/tls-client: handshakes, and connections that wait.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Failure } from '../lib/failure.mjs'
import { build } from '../lib/launch.mjs'
import { pinned } from '../lib/pin.mjs'

/** @returns {string | undefined} the program; undefined, and a line, where it cannot be built */
export function tlsClient() {
  const { file, lack } = build('tls-client')
  if (file === undefined) console.error(`Without handshakes and idle connections: ${lack}`)
  return file
}

/** The program at work: it prints lines, and takes lines. */
class Program {
  #child
  #ended = false
  /** @type {string[]} */
  #errors = []
  #lines

  /** @param {string} program @param {readonly (number | string)[]} words */
  constructor(program, words) {
    const [command, ...options] = pinned('load', [program, ...words.map(String)])
    this.#child = spawn(command, options, { stdio: 'pipe' })
    this.#child.stderr.on('data', (text) => this.#errors.push(String(text)))
    this.#child.once('close', () => {
      this.#ended = true
    })
    this.#lines = createInterface(this.#child.stdout)
  }

  /** The next line that it prints. */
  async line() {
    const waiting = new AbortController()
    const { signal } = waiting
    const closed = this.#ended ? Promise.resolve() : once(this.#child, 'close', { signal })
    const ended = closed.then(() => Promise.reject(new Failure(this.#errors.join('').trim() || 'the client ended')))
    try {
      const [line] = await Promise.race([once(this.#lines, 'line', { signal }), ended])
      return String(line)
    } finally {
      ended.catch(() => {})
      waiting.abort()
    }
  }

  /** Sends it a line. */
  go() {
    this.#child.stdin.write('\n')
  }

  async end() {
    if (this.#ended) return
    const closed = once(this.#child, 'close')
    this.#child.stdin.end()
    await closed
  }
}

/**
 * @typedef {object} Shaken
 * @property {number} failed
 * @property {number} full
 * @property {number} resumed
 * @property {number} seconds
 * @property {string} why the last that failed did
 *
 * Makes handshakes on so many connections at once, for so many seconds. Tickets to resume by are gathered before.
 *
 * @param {string} program
 * @param {{ connections: number, isResumed: boolean, port: number, ready?: () => Promise<void>, seconds: number }} shot
 *   `ready` is waited for between the gathering and the handshakes that count
 * @returns {Promise<Shaken>}
 */
export async function handshakes(program, { connections, isResumed, port, ready, seconds }) {
  const client = new Program(program, ['handshakes', port, isResumed ? 'resumed' : 'full', connections, seconds])
  try {
    await client.line()
    await ready?.()
    client.go()
    return JSON.parse(await client.line())
  } finally {
    await client.end()
  }
}

/** Connections that made one request each and are kept open, in a process of their own. */
export class IdleTls {
  #client

  /**
   * @param {string} program
   * @param {{ connections: number, port: number, protocol: 'h1' | 'h2' }} what
   */
  constructor(program, { connections, port, protocol }) {
    this.#client = new Program(program, ['idle', port, protocol, connections])
  }

  /** Resolves when each has its answer. */
  async open() {
    await this.#client.line()
  }

  /** How many have been closed since. */
  async closed() {
    this.#client.go()
    return Number(await this.#client.line())
  }

  async close() {
    await this.#client.end()
  }
}
