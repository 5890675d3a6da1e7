import { Buffer } from 'node:buffer'
import { isIPv6 } from 'node:net'
import { Duplex } from 'node:stream'

/** Bytes both ways below whatever is spoken with them, as the native core has them: a connection, or a stream of HTTP/2. */
export interface RawStream {
  /** Ends it at once, both ways. */
  cut(): void
  /** Sends the end; says whether all before it is sent. If not, `onDrain` is called when it is. */
  end(): boolean
  /** Takes no more for now, or takes it again. */
  pause(isPaused: boolean): void
  /** Sends bytes, whose memory is the caller's again after it; says whether there is room for more. If not, `onDrain` is called. */
  write(bytes: Uint8Array): boolean
}

/** What is told of a raw stream. */
export interface RawSink {
  onData(chunk: Uint8Array): void
  onDrain(): void
  /** The other side has sent its last byte. */
  onEnd(): void
  /** The other side has left without a word, in the middle of whatever it was. */
  onGone(): void
}

/** What a socket says of itself. */
export interface RawFacts {
  readonly isSecure: boolean
  /** Asks whose it is; undefined once the stream is over. */
  address(): string | undefined
}

/**
 * A raw stream as what a server of `node:http`, `ws` and their like take for a socket: given to them by
 * `server.emit('connection', duplex)`. It holds no more than what streams of Node hold: what is not read pauses the sender,
 * what is not sent has its writer wait.
 *
 * An error has a listener from the start: that a client has left must not end a process whose upgrade forgot to listen.
 */
export class NativeDuplex extends Duplex implements RawSink {
  #address: string | undefined = undefined
  readonly #facts: RawFacts
  #isPaused = false
  readonly #stream: RawStream
  #timer: NodeJS.Timeout | undefined = undefined
  #waiting: ((error?: Error | null) => void) | undefined = undefined
  bytesRead = 0
  bytesWritten = 0
  readonly connecting = false
  /** As of `TLSSocket`: whether it is TLS that the client speaks. */
  readonly encrypted: boolean
  readonly pending = false
  /** Milliseconds, see {@link setTimeout}. */
  timeout = 0

  constructor(stream: RawStream, facts: RawFacts) {
    super({ allowHalfOpen: true })
    this.#facts = facts
    this.#stream = stream
    this.encrypted = facts.isSecure
    this.on('error', () => {})
  }

  get remoteAddress(): string | undefined {
    this.#address ??= this.#facts.address()
    return this.#address
  }

  get remoteFamily(): string | undefined {
    const address = this.remoteAddress
    if (address === undefined) return undefined
    return isIPv6(address) ? 'IPv6' : 'IPv4'
  }

  /** Closes once all that was written is sent. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  onData(chunk: Uint8Array): void {
    if (this.destroyed) return
    this.bytesRead += chunk.byteLength
    this.#timer?.refresh()
    if (this.push(chunk)) return
    this.#isPaused = true
    this.#stream.pause(true)
  }

  onDrain(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    this.#timer?.refresh()
    waiting?.()
  }

  onEnd(): void {
    if (this.destroyed) return
    this.push(null)
    // Who has read all there was is told now, as by a socket.
    this.read(0)
  }

  onGone(): void {
    if (this.destroyed) return
    this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' }))
  }

  // What follows is of sockets, and of no consequence here: the core sends at once, and its handles keep the process.
  ref(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  unref(): this {
    return this
  }

  /** Has `timeout` emitted when nothing was read or written for so many milliseconds; 0 for never. */
  setTimeout(milliseconds: number, onTimeout?: () => void): this {
    if (this.destroyed) return this
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.timeout = milliseconds
    if (milliseconds === 0) {
      if (onTimeout !== undefined) this.off('timeout', onTimeout)
      return this
    }
    if (onTimeout !== undefined) this.once('timeout', onTimeout)
    this.#timer = setTimeout(() => this.emit('timeout'), milliseconds).unref()
    return this
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#stream.cut()
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.(error ?? new Error('the connection was closed before all was sent'))
    callback(error)
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (this.#stream.end()) callback()
    else this.#waiting = callback
  }

  override _read(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#stream.pause(false)
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: (error?: Error | null) => void): void {
    this.bytesWritten += chunk.byteLength
    this.#timer?.refresh()
    if (this.#stream.write(chunk)) callback()
    else this.#waiting = callback
  }

  // What was corked leaves as one: a frame's head and its content, or a response's.
  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], callback: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer', callback)
  }
}
