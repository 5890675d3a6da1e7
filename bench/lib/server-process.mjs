// Starts a server under test as a process of its own, and asks it for its port, its CPU time and its memory.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Failure } from './failure.mjs'

/** @typedef {import('./launch.mjs').Runnable} Runnable */

const startTimeout = 20_000

export class ServerProcess {
  /** @type {import('node:child_process').ChildProcess} */
  #child

  /** What ended the process, once it has ended. */
  #end = ''

  /** @type {import('node:readline').Interface} */
  #lines

  /** @param {Runnable} peer */
  constructor(peer) {
    this.peer = peer
    this.port = 0
    /** Milliseconds from the start of the process until it listened, by its own clock. */
    this.startup = 0
    const [program, ...options] = peer.command
    this.#child = spawn(program, options, {
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['pipe', 'pipe', 'inherit', ...(peer.isNode ? [/** @type {const} */ ('ipc')] : [])],
    })
    this.#lines = createInterface(/** @type {import('node:stream').Readable} */ (this.#child.stdout))
    this.#child.once('exit', (code, signal) => {
      this.#end = signal ?? `exit code ${code}`
    })
  }

  /** @param {Runnable} peer */
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
    const [line] = await this.#answer(once(this.#lines, 'line'), startTimeout)
    const { port, startup } = JSON.parse(line)
    this.port = port
    this.startup = startup
  }

  /** CPU time used so far in µs: user and system, every thread, as the operating system counts it. */
  cpu() {
    return this.#ask('cpu')
  }

  /** The lateness of the event loop since it was last asked for, in µs, see serve.mjs; of a server on Node. */
  late() {
    return this.#ask('late')
  }

  /** The number of its process. */
  get pid() {
    return /** @type {number} */ (this.#child.pid)
  }

  /** Resident bytes, see serve.mjs; of a server on Node. */
  memory() {
    return this.#ask('memory')
  }

  /**
   * Over the channel that Node gives its children, where a framework that logs to stdout is not read as an answer; of
   * another program by a line.
   *
   * @param {import('./serve.mjs').Question} question
   * @returns {Promise<number>}
   */
  async #ask(question) {
    const answer = this.#answer(this.peer.isNode ? once(this.#child, 'message') : once(this.#lines, 'line'), 5_000)
    if (this.peer.isNode) this.#child.send(question, () => {})
    else this.#child.stdin?.write(`${question}\n`)
    const [figure] = await answer
    return Number(figure)
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
