import type { Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import type { OnLost, Sink } from './sink.js'

/** Bytes of a datagram: as many as UDP over IPv4 takes. */
const mostBytes = 65_507

const newline = 0x0a

/** A datagram of UDP for each line. Nobody says whether they arrive; those that could not be sent are told of. */
export class DatagramSink implements Sink {
  readonly #host: string
  readonly #onLost: OnLost
  readonly #port: number
  #socket: Socket | undefined
  readonly name: string

  constructor(name: string, host: string, port: number, onLost: OnLost) {
    this.#host = host
    this.#onLost = onLost
    this.#port = port
    this.name = name
  }

  async close(): Promise<void> {
    const socket = this.#socket
    this.#socket = undefined
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(resolve))
  }

  open(): void {}

  async write(bytes: Uint8Array): Promise<number> {
    const socket = await this.#connected()
    const sent: Promise<unknown>[] = []
    for (let at = 0; at < bytes.byteLength; ) {
      const end = bytes.indexOf(newline, at)
      // What is longer is cut: no datagram could have it whole.
      sent.push(send(socket, bytes.subarray(at, Math.min(end, at + mostBytes))))
      at = end + 1
    }
    const errors = (await Promise.all(sent)).filter((error) => error !== null)
    if (errors.length > 0) {
      this.#onLost(errors.length, errors[0])
      // A name may be that of another address by now.
      await this.close()
    }
    return bytes.byteLength
  }

  async #connected(): Promise<Socket> {
    if (this.#socket !== undefined) return this.#socket
    // Loaded by whoever sends datagrams.
    const { createSocket } = await import('node:dgram')
    const { address, family } = await lookup(this.#host)
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(this.#port, address, resolve)
    })
    socket.on('error', () => {})
    socket.unref()
    this.#socket = socket
    return socket
  }
}

function send(socket: Socket, bytes: Uint8Array): Promise<Error | null> {
  return new Promise((resolve) => socket.send(bytes, resolve))
}
