import { closeSync } from 'node:fs'
import { workerVariables } from './worker-id.js'

/**
 * A socket that is bound to the address of a worker, and held by the process that watches over workers: it outlives the
 * worker, and with it the queue of who has connected and was not accepted yet.
 */
export class HeldSocket {
  static #isTaken = false
  readonly descriptor: number

  private constructor(descriptor: number) {
    this.descriptor = descriptor
  }

  /** The one that is held for this process and that address: once. Undefined where there is none. */
  static take(host: string, port: number, env: NodeJS.ProcessEnv = process.env): HeldSocket | undefined {
    const descriptor = Number(env[workerVariables.socket])
    if (!(descriptor > 2) || HeldSocket.#isTaken) return undefined
    HeldSocket.#isTaken = true
    const socket = new HeldSocket(descriptor)
    if (env[workerVariables.host] === host && env[workerVariables.port] === String(port)) return socket
    socket.close()
    return undefined
  }

  /** It is not needed here. */
  close(): void {
    closeSync(this.descriptor)
  }
}
