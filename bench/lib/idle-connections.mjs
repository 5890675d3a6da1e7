import net from 'node:net'
import { Failure } from './failure.mjs'

/** How many are opened at a time: fewer than the backlog of any server. */
const together = 100

const request = 'GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'

/** Connections that made one request each and are kept open. */
export class IdleConnections {
  #closed = 0
  /** @type {net.Socket[]} */
  #sockets = []

  /**
   * @param {number} port
   * @param {number} count
   */
  async open(port, count) {
    while (this.#sockets.length < count) {
      const missing = Math.min(together, count - this.#sockets.length)
      await Promise.all(Array.from({ length: missing }, () => this.#one(port)))
    }
  }

  /**
   * @param {number} port
   * @returns {Promise<void>}
   */
  #one(port) {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host: '127.0.0.1', port }, () => socket.write(request))
      this.#sockets.push(socket)
      socket.once('error', reject)
      socket.once('close', () => {
        this.#closed++
        reject(new Failure('a connection was closed before its answer'))
      })
      let answer = ''
      socket.on('data', (bytes) => {
        answer += bytes.toString('latin1')
        if (answer.endsWith('\r\n\r\npong')) resolve()
      })
    })
  }

  /** @throws Failure when the server closed some: memory that was read meanwhile is not theirs */
  mustBeOpen() {
    if (this.#closed > 0) throw new Failure(`${this.#closed} of ${this.#sockets.length} connections were closed`)
  }

  async close() {
    // A reset leaves nothing behind in the kernel; 10,000 connections that wait for their end would.
    const closed = this.#sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await Promise.all(closed)
  }
}
