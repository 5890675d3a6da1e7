// Starts a server under test as a process of its own, and asks it for its port and its CPU time.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Failure } from './failure.mjs'

const startTimeout = 20_000

export class ServerProcess {
  /** @type {import('node:child_process').ChildProcess} */
  #child

  /** What ended the process, once it has ended. */
  #end = ''

  /** @param {import('../servers.mjs').Peer} peer */
  constructor(peer) {
    const file = fileURLToPath(new URL(`../servers/${peer.file}`, import.meta.url))
    this.peer = peer
    this.port = 0
    /** Milliseconds from the start of the process until it listened, by its own clock. */
    this.startup = 0
    this.#child = fork(file, peer.args ?? [], {
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
    })
    this.#child.once('exit', (code, signal) => {
      this.#end = signal ?? `exit code ${code}`
    })
  }

  /** @param {import('../servers.mjs').Peer} peer */
  static async start(peer) {
    const server = new ServerProcess(peer)
    try {
      await server.#ready()
    } catch (error) {
      await server.stop()
      throw error
    }
    return server
  }

  async #ready() {
    const lines = createInterface(/** @type {import('node:stream').Readable} */ (this.#child.stdout))
    const [line] = await this.#answer(once(lines, 'line'), startTimeout)
    lines.close()
    // A framework that logs to stdout must neither block on a full pipe nor be read as an answer.
    this.#child.stdout?.resume()
    const { port, startup } = JSON.parse(line)
    this.port = port
    this.startup = startup
  }

  /**
   * CPU time used so far in µs: user and system, every thread, as the operating system counts it.
   *
   * @returns {Promise<number>}
   */
  async cpu() {
    const answer = this.#answer(once(this.#child, 'message'), 5_000)
    this.#child.send('cpu', () => {})
    const [{ cpu }] = await answer
    return cpu.user + cpu.system
  }

  /**
   * Waits for the server's answer, or for its end, or no longer than `timeout` ms.
   *
   * @template T
   * @param {Promise<T>} answer
   * @param {number} timeout
   * @returns {Promise<T>}
   */
  async #answer(answer, timeout) {
    const waiting = new AbortController()
    const { id } = this.peer
    const failed = (/** @type {string} */ why) => Promise.reject(new Failure(`the ${id} server ${why}`))
    const ended = once(this.#child, 'exit', { signal: waiting.signal }).then(() => failed(`ended (${this.#end})`))
    const late = new Promise((resolve) => {
      const timer = setTimeout(resolve, timeout)
      waiting.signal.addEventListener('abort', () => clearTimeout(timer))
    }).then(() => failed(`gave no answer within ${timeout} ms`))
    try {
      if (this.#end !== '') return await failed(`ended (${this.#end})`)
      return await Promise.race([answer, ended, late])
    } finally {
      ended.catch(() => {})
      waiting.abort()
    }
  }

  async stop() {
    if (this.#end !== '') return
    const exit = once(this.#child, 'exit')
    this.#child.kill()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 2_000)
    await exit
    clearTimeout(timer)
  }
}
