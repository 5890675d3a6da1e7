import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** The types of frames (RFC 9113, 6). */
export const Frame = {
  Data: 0,
  Headers: 1,
  Priority: 2,
  RstStream: 3,
  Settings: 4,
  PushPromise: 5,
  Ping: 6,
  GoAway: 7,
  WindowUpdate: 8,
  Continuation: 9,
} as const

/** Their flags. */
export const Flag = { ack: 0x1, endHeaders: 0x4, endStream: 0x1, padded: 0x8 } as const

/** Error codes (RFC 9113, 7). */
export const Code = { cancel: 8, enhanceYourCalm: 11, noError: 0, protocolError: 1 } as const

export interface ReceivedFrame {
  readonly flags: number
  readonly payload: Buffer
  readonly stream: number
  readonly type: number
}

/** A frame as bytes. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** A header block of literals that are in no table (RFC 7541, 6.2.2): names and values one after the other. */
export function block(...pairs: readonly string[]): Buffer {
  const parts: Buffer[] = []
  for (let index = 0; index < pairs.length; index += 2) {
    parts.push(Buffer.from([0]), text(pairs[index]!), text(pairs[index + 1]!))
  }
  return Buffer.concat(parts)
}

// Without Huffman coding; its length is an integer with a prefix of seven bits (RFC 7541, 5.1).
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes])
  const size = [127]
  let left = bytes.length - 127
  for (; left >= 128; left >>= 7) size.push((left & 127) | 128)
  size.push(left)
  return Buffer.concat([Buffer.from(size), bytes])
}

/** The header block of a GET. */
export function get(path: string, ...more: readonly string[]): Buffer {
  return block(':method', 'GET', ':scheme', 'https', ':path', path, ':authority', 'localhost', ...more)
}

/** A number of four bytes, as the payloads of RST_STREAM and WINDOW_UPDATE are. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A client of HTTP/2 that sends what it is told, and no frame of its own but the first SETTINGS. */
export class FrameClient {
  #closed: Promise<void>
  #listeners = new Set<() => void>()
  #read: Buffer = Buffer.alloc(0)
  readonly #socket: Socket
  /** What has come of each kind, and the last frames. */
  readonly frames: ReceivedFrame[] = []
  /** The code of the server's GOAWAY; undefined where there was none. */
  goAway: number | undefined
  isClosed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    this.#closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.isClosed = true
        this.#tell()
        resolve()
      })
    })
  }

  /** Connects, and sends the preface with settings: pairs of identifiers and values. */
  static async open(
    port: number,
    isSecure: boolean,
    settings: readonly (readonly [number, number])[] = [],
  ): Promise<FrameClient> {
    const socket = await new Promise<Socket>((resolve, reject) => {
      const host = '127.0.0.1'
      const made: Socket = isSecure
        ? connectTls({ ALPNProtocols: ['h2'], host, port, rejectUnauthorized: false }, () => resolve(made))
        : connect(port, host, () => resolve(made))
      made.on('error', reject)
    })
    const client = new FrameClient(socket)
    const payload = Buffer.concat(
      settings.map(([id, value]) => {
        const entry = Buffer.alloc(6)
        entry.writeUInt16BE(id)
        entry.writeUInt32BE(value, 2)
        return entry
      }),
    )
    client.send(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'), frame(Frame.Settings, 0, 0, payload))
    return client
  }

  /** Whether the server has ended it, by a GOAWAY with an error or by closing. */
  get isEnded(): boolean {
    return this.isClosed || (this.goAway !== undefined && this.goAway !== Code.noError)
  }

  /** Writes frames together. @returns whether there is room for more. */
  send(...frames: readonly Uint8Array[]): boolean {
    return !this.#socket.destroyed && this.#socket.write(Buffer.concat(frames))
  }

  /** Takes nothing more of what the server sends. */
  pause(): void {
    this.#socket.pause()
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Resolves when a frame has come that is wanted, or the connection is closed. */
  async until(isWanted: (frame: ReceivedFrame) => boolean): Promise<ReceivedFrame | undefined> {
    for (;;) {
      const found = this.frames.find(isWanted)
      if (found !== undefined || this.isClosed) return found
      await new Promise<void>((resolve) => this.#listeners.add(resolve))
    }
  }

  /** Resolves when the server has closed the connection, or a time in milliseconds is over. */
  async closed(time: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, time)
    })
    await Promise.race([this.#closed, late])
    clearTimeout(timer)
    return this.isClosed
  }

  /**
   * Sends a batch again and again, each when there is room, until the server ends the connection or all have been sent.
   *
   * @param batch made anew each time, by the number of the batch.
   * @returns how many were sent.
   */
  async flood(count: number, batch: (index: number) => Uint8Array): Promise<number> {
    for (let index = 0; index < count; index++) {
      if (this.isEnded) return index
      const hasRoom = this.send(batch(index))
      // The server has its turn after each: it is in the same process.
      if (!hasRoom) await this.#drained()
      else await new Promise((resolve) => setImmediate(resolve))
    }
    return count
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#socket.off('close', settle).off('drain', settle)
        clearTimeout(timer)
        resolve()
      }
      // A server that takes nothing any more has stopped the flood as well.
      const timer = setTimeout(settle, 2000)
      this.#socket.once('close', settle).once('drain', settle)
    })
  }

  #take(chunk: Buffer): void {
    this.#read = Buffer.concat([this.#read, chunk])
    while (this.#read.length >= 9) {
      const size = this.#read.readUIntBE(0, 3)
      if (this.#read.length < 9 + size) break
      const payload = Buffer.from(this.#read.subarray(9, 9 + size))
      const type = this.#read[3]!
      const received = { flags: this.#read[4]!, payload, stream: this.#read.readUInt32BE(5) & 0x7fffffff, type }
      this.#read = this.#read.subarray(9 + size)
      if (type === Frame.GoAway) this.goAway = payload.readUInt32BE(4)
      // A flood may be answered by one.
      if (this.frames.push(received) > 1000) this.frames.splice(0, 500)
    }
    this.#tell()
  }

  #tell(): void {
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener()
  }
}
