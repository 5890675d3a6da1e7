import { connect, type NetConnectOpts, type Socket } from 'node:net'
import type { Sink } from './sink.js'

/** Milliseconds for a connection to be made, and for a receiver to take a batch. */
const patience = 10_000

/** A connection to whoever takes lines as a stream: syslog by TCP or a Unix socket, the journal. It is made anew when it breaks. */
export class SocketSink implements Sink {
  readonly #greeting: string
  #socket: Socket | undefined
  readonly #where: NetConnectOpts
  readonly name: string

  /** @param greeting what is sent first on each connection. */
  constructor(name: string, where: NetConnectOpts, greeting = '') {
    this.#greeting = greeting
    this.#where = where
    this.name = name
  }

  async close(): Promise<void> {
    const socket = this.#socket
    this.#socket = undefined
    if (socket === undefined || socket.destroyed) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.destroy(), patience)
      socket.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      // What it says at its end is of no account, and would hold the end.
      socket.resume().ref()
      socket.end(() => socket.destroySoon())
    })
  }

  open(): void {}

  async write(bytes: Uint8Array): Promise<number> {
    const socket = await this.#connected()
    await new Promise<void>((resolve, reject) => {
      const fail = (error?: unknown): void => {
        settle()
        socket.destroy()
        reject(error instanceof Error ? error : new Error(`${this.name} has closed the connection`))
      }
      const timer = setTimeout(() => fail(new Error(`${this.name} has taken nothing for ${patience} ms`)), patience)
      const settle = (): void => {
        clearTimeout(timer)
        socket.off('close', fail).off('error', fail)
      }
      socket.once('close', fail).once('error', fail)
      socket.write(bytes, (error) => {
        if (error) return fail(error)
        settle()
        resolve()
      })
    })
    return bytes.byteLength
  }

  async #connected(): Promise<Socket> {
    const before = this.#socket
    if (before?.writable === true && !before.readableEnded) return before
    before?.destroy()
    this.#socket = undefined
    const socket = connect(this.#where)
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => socket.destroy(new Error(`no connection to ${this.name}`)), patience)
      socket.once('connect', resolve).once('error', reject)
      socket.once('close', () => clearTimeout(timer)).once('connect', () => clearTimeout(timer))
    })
    // Its end is seen when the next lines are written, and by reading it.
    socket.on('error', () => {})
    socket.setKeepAlive(true)
    socket.resume().unref()
    if (this.#greeting !== '') socket.write(this.#greeting)
    this.#socket = socket
    return socket
  }
}
