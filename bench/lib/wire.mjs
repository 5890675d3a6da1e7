// A connection of HTTP/1.1 that sends what it is told and counts what comes back.
import { once } from 'node:events'
import { connect } from 'node:net'

/** What an answer must begin with to be looked at; all of ours say how long they are. */
const head = /^HTTP\/1\.1 (\d{3}) (?:.*\r\n)*?content-length: (\d+)\r\n(?:.+\r\n)*\r\n/i

export class Wire {
  /** @type {((status: number) => void) | undefined} */
  #asked
  #read = ''
  /** @param {import('node:net').Socket} socket */
  constructor(socket) {
    this.socket = socket
    /** The status of an answer that nobody asked for: the connection was refused. @type {number | undefined} */
    this.unasked = undefined
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    // What comes of it is for `close` to tell.
    socket.setNoDelay(true).on('error', () => {})
    socket.on('data', (chunk) => this.#take(chunk.toString('latin1')))
    socket.once('close', () => this.#answer(0))
  }

  /**
   * @param {number} port
   * @returns {Promise<Wire>}
   */
  static async open(port) {
    const wire = new Wire(connect(port, '127.0.0.1'))
    await Promise.race([once(wire.socket, 'connect').catch(() => {}), wire.closed])
    return wire
  }

  /** @param {readonly (string | Uint8Array)[]} parts of a request @returns {Promise<number>} the status; 0 without an answer */
  ask(...parts) {
    if (this.unasked !== undefined) return Promise.resolve(this.unasked)
    if (this.socket.destroyed) return Promise.resolve(0)
    return new Promise((resolve) => {
      this.#asked = resolve
      for (const part of parts) this.socket.write(part)
    })
  }

  /** @param {number} status */
  #answer(status) {
    const asked = this.#asked
    this.#asked = undefined
    if (asked !== undefined) asked(status)
    else if (status > 0) this.unasked = status
  }

  /** @param {string} text */
  #take(text) {
    this.#read += text
    const found = head.exec(this.#read)
    if (found === null) return
    const [all, status, length] = found
    if (this.#read.length < all.length + Number(length)) return
    this.#read = this.#read.slice(all.length + Number(length))
    this.#answer(Number(status))
  }
}

/** @param {string} path */
export const get = (path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
