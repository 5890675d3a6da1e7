// WebSockets that cost next to nothing on the side of the load: frames are made once, with a mask of zeros (RFC 6455,
// 5.3: any four bytes are one), and of what comes no more is read than has to be.
import net from 'node:net'
import { Failure } from '../lib/failure.mjs'

/** How many are opened at a time: fewer than the backlog of any server. */
const together = 50

/** A text as the frame of a client. */
export function frameOf(/** @type {string} */ text) {
  const payload = Buffer.from(text)
  const { length } = payload
  if (length > 0xffff) throw new RangeError('no frame of more than 64 KB is needed here')
  const head = length < 126 ? Buffer.from([0x81, 0x80 | length]) : Buffer.from([0x81, 0xfe, length >> 8, length & 0xff])
  return Buffer.concat([head, Buffer.alloc(4), payload])
}

/** One WebSocket, open. */
export class LoadSocket {
  /** @type {Buffer | undefined} */
  #rest
  /** @type {(bytes: Buffer, start: number) => void} */
  #onFrame = () => {}
  #socket

  constructor(/** @type {net.Socket} */ socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#read(chunk))
  }

  /** @type {boolean} */
  get isOpen() {
    return !this.#socket.destroyed
  }

  cut() {
    this.#socket.resetAndDestroy()
  }

  /** @param {(bytes: Buffer, start: number) => void} callback told of every frame, and where its payload begins */
  onFrame(callback) {
    this.#onFrame = callback
  }

  send(/** @type {Buffer} */ frame) {
    this.#socket.write(frame)
  }

  #read(/** @type {Buffer} */ chunk) {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    this.#rest = undefined
    let at = 0
    while (at < bytes.length) {
      const short = bytes[at + 1]
      const head = short === 126 ? 4 : short === 127 ? 10 : 2
      if (bytes.length < at + head) break
      const length =
        short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short
      const end = at + head + length
      if (bytes.length < end) break
      this.#onFrame(bytes, at + head)
      at = end
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at)
  }
}

/**
 * Opens a WebSocket.
 *
 * @param {number} port
 * @param {string} path
 * @param {(socket: LoadSocket) => Promise<void> | void} greet
 * @returns {Promise<LoadSocket>}
 */
function open(port, path, greet) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', noDelay: true, port })
    socket.on('error', reject)
    socket.once('close', () => reject(new Failure('a connection was closed before it was a WebSocket')))
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n`,
    )
    let read = Buffer.alloc(0)
    const onData = (/** @type {Buffer} */ chunk) => {
      read = Buffer.concat([read, chunk])
      const end = read.indexOf('\r\n\r\n')
      if (end < 0) return
      socket.off('data', onData)
      if (!read.subarray(0, 13).equals(Buffer.from('HTTP/1.1 101 '))) {
        reject(new Failure(`no WebSocket, but ${read.subarray(0, end).toString()}`))
        return
      }
      const made = new LoadSocket(socket)
      // What has come with the answer is for whom greet() has listen.
      const greeted = greet(made)
      resolve(greeted === undefined ? made : greeted.then(() => made))
      if (read.length > end + 4) socket.emit('data', read.subarray(end + 4))
    }
    socket.on('data', onData)
  })
}

/**
 * Opens many.
 *
 * @param {(socket: LoadSocket) => Promise<void> | void} greet what is done with each once it is open
 * @returns {Promise<LoadSocket[]>}
 */
export async function openAll(
  /** @type {number} */ port,
  /** @type {string} */ path,
  /** @type {number} */ count,
  greet = () => {},
) {
  /** @type {LoadSocket[]} */
  const sockets = []
  while (sockets.length < count) {
    const wave = Array.from({ length: Math.min(together, count - sockets.length) }, () => open(port, path, greet))
    sockets.push(...(await Promise.all(wave)))
  }
  return sockets
}
