// The measurements of `npm run bench -- realtime`: each with a server and a load in processes of their own.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Failure } from './failure.mjs'
import { pinned } from './pin.mjs'
import { ServerProcess } from './server-process.mjs'

/**
 * @typedef {import('./launch.mjs').Runnable & { protocol: 'socketio' | 'websocket' }} Contestant
 *
 * @typedef {object} Plan
 * @property {number} atOnce broadcasts under way
 * @property {'broadcast' | 'echo' | 'idle'} kind
 * @property {number} sockets
 *
 * @typedef {object} RealtimeSample
 * @property {number} busy share of the time that the server had a CPU
 * @property {number} cpu µs for each message that a client was told
 * @property {string} part
 * @property {number} rate messages a second
 * @property {number} round
 * @property {string} server
 *
 * @typedef {{ after: number, before: number, server: string, sockets: number }} MemorySample
 *
 * @typedef {object} UserSample
 * @property {number} completed
 * @property {number} cpu µs of the server
 * @property {number} emits
 * @property {readonly string[]} failures
 * @property {number} most emits in a second
 * @property {string} server
 * @property {readonly number[]} sessions ms of each user
 * @property {readonly number[]} times ms of each answer
 * @property {number} users
 */

const program = fileURLToPath(new URL('../load/realtime-process.mjs', import.meta.url))
const userProgram = fileURLToPath(new URL('../load/users.mjs', import.meta.url))

/** Milliseconds to open all sockets, and for each answer of the load. */
const patience = 60_000

/**
 * @template T
 * @param {Contestant} contestant
 * @param {Plan} plan
 * @param {(server: ServerProcess, load: LoadProcess) => Promise<T>} measure
 * @returns {Promise<T>}
 */
async function withLoad(contestant, plan, measure) {
  const server = await ServerProcess.start({ ...contestant, command: pinned('server', contestant.command) })
  try {
    const load = await LoadProcess.start(server.port, contestant.protocol, plan)
    try {
      return await measure(server, load)
    } finally {
      await load.stop()
    }
  } catch (error) {
    throw error instanceof Failure ? new Failure(`${contestant.id}: ${error.message}`) : error
  } finally {
    await server.stop()
  }
}

class LoadProcess {
  #child

  constructor(/** @type {import('node:child_process').ChildProcess} */ child) {
    this.#child = child
  }

  /**
   * @param {number} port
   * @param {string} protocol
   * @param {Plan} plan
   */
  static async start(port, protocol, { atOnce, kind, sockets }) {
    const words = [port, protocol, kind, sockets, atOnce].map(String)
    const [command, ...options] = pinned('load', [process.execPath])
    const child = fork(program, words, { execArgv: options, execPath: command })
    const load = new LoadProcess(child)
    await load.answer()
    return load
  }

  /** @returns {Promise<any>} what the load says next */
  async answer() {
    const waiting = new AbortController()
    const { signal } = waiting
    const timer = setTimeout(
      () => waiting.abort(new Failure(`the load gave no answer within ${patience} ms`)),
      patience,
    )
    const ended = once(this.#child, 'exit', { signal }).then(([code]) =>
      Promise.reject(new Failure(`the load ended (${code})`)),
    )
    ended.catch(() => {})
    try {
      const [message] = await Promise.race([once(this.#child, 'message', { signal }), ended])
      return message
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    } finally {
      clearTimeout(timer)
      waiting.abort()
    }
  }

  send(/** @type {'check' | { seconds: number }} */ order) {
    this.#child.send(order)
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill()
    await exit
  }
}

/**
 * @param {Contestant} contestant
 * @param {Plan} plan
 * @param {number} seconds
 */
export const underSockets = (contestant, plan, seconds) =>
  withLoad(contestant, plan, async (server, load) => {
    // The first time brings the server's code to its final form.
    load.send({ seconds: 1 })
    await load.answer()
    await load.answer()
    await new Promise((resolve) => setTimeout(resolve, 300))
    load.send({ seconds })
    await load.answer()
    const before = await server.cpu()
    const { received, seconds: passed } = await load.answer()
    const used = (await server.cpu()) - before
    if (received === 0) throw new Failure('nobody was told anything')
    return { busy: used / 1e6 / passed, cpu: used / received, rate: received / passed }
  })

/**
 * Resident bytes before and after so many sockets are open, each of which has an answer to what it asks afterwards.
 *
 * @param {Contestant} contestant
 * @param {number} sockets
 * @returns {Promise<MemorySample>}
 */
export async function idleSockets(contestant, sockets) {
  const server = await ServerProcess.start({ ...contestant, command: pinned('server', contestant.command) })
  const open = async (/** @type {number} */ count) =>
    LoadProcess.start(server.port, contestant.protocol, { atOnce: 0, kind: 'idle', sockets: count })
  try {
    // What a server keeps for its first clients is not for each.
    const warm = await open(50)
    warm.send('check')
    await warm.answer()
    await warm.stop()
    const before = await server.memory()
    const load = await open(sockets)
    try {
      const after = await server.memory()
      load.send('check')
      const { closed, received } = await load.answer()
      if (closed > 0 || received !== sockets) {
        throw new Failure(
          `${contestant.id}: of ${sockets} sockets ${closed} were closed, and ${received} had an answer`,
        )
      }
      return { after, before, server: contestant.id, sockets }
    } finally {
      await load.stop()
    }
  } finally {
    await server.stop()
  }
}

/**
 * Users of Socket.IO that come, do something and go, by its own client.
 *
 * @param {Contestant} contestant
 * @param {number} users
 * @param {number} seconds over which they come
 * @returns {Promise<UserSample>}
 */
export async function virtualUsers(contestant, users, seconds) {
  const server = await ServerProcess.start({ ...contestant, command: pinned('server', contestant.command) })
  try {
    const before = await server.cpu()
    const words = [`http://127.0.0.1:${server.port}`, String(users), String(seconds)]
    const [command, ...options] = pinned('load', [process.execPath])
    const child = fork(userProgram, words, { execPath: command, execArgv: options })
    const timer = setTimeout(() => child.kill(), seconds * 1000 + patience)
    try {
      const [story] = await Promise.race([
        once(child, 'message'),
        once(child, 'exit').then(([code]) => Promise.reject(new Failure(`the virtual users ended (${code})`))),
      ])
      const cpu = (await server.cpu()) - before
      for (const failure of new Set(story.failures)) console.error(`${contestant.id}: a user failed: ${failure}`)
      return { ...story, cpu, server: contestant.id, users }
    } finally {
      clearTimeout(timer)
      child.kill()
    }
  } finally {
    await server.stop()
  }
}
