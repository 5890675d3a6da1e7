import { lookup } from 'node:dns/promises'
import { closeSync } from 'node:fs'

/** Binds a socket to an IP address and a port that others may bind too: gives its descriptor. */
export type BindShared = (address: string, port: number) => number

/**
 * The socket of one worker, which does not listen until that has it do so. It outlives the worker: who has connected while
 * one process takes the place of another waits in its queue, and is not reset.
 */
export class PortSocket {
  readonly #bind: () => number | undefined
  #descriptor: number | undefined

  constructor(bind: () => number | undefined) {
    this.#bind = bind
    this.#descriptor = bind()
  }

  /** Undefined where it could not be had, or is closed. */
  get descriptor(): number | undefined {
    return this.#descriptor
  }

  /** Nobody waits in its queue for who does not come. Processes that have it go on to listen. */
  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  /** Another one takes its place, in whose queue nobody is. */
  renew(): void {
    this.close()
    this.#descriptor = this.#bind()
  }
}

/** What makes sockets of an address; they are not to be had (undefined) where `bind` is not there, or fails. */
export async function socketMaker(
  bind: BindShared | undefined,
  host: string,
  port: number,
): Promise<() => number | undefined> {
  if (bind === undefined) return () => undefined
  // What is wrong with the address is told by a worker, which listens by a socket of its own then.
  const found = await lookup(host).catch(() => undefined)
  return () => {
    try {
      return found && bind(found.address, port)
    } catch {
      return undefined
    }
  }
}
