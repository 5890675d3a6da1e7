import type { StreamSink } from '../core/stream.js'
import type { NativeIo } from './native-owner.js'

/** What the body of an answer is written to that comes in parts, while its request is there. */
export class NativeSink implements StreamSink {
  #drained: ((isGone: boolean) => void) | undefined
  readonly #io: NativeIo
  readonly #isThere: () => boolean
  readonly #onEnd: () => string
  readonly #serial: number
  readonly #slot: number

  /** @param onEnd called before the end; gives the trailers as lines. */
  constructor(io: NativeIo, slot: number, serial: number, isThere: () => boolean, onEnd: () => string) {
    this.#io = io
    this.#isThere = isThere
    this.#onEnd = onEnd
    this.#serial = serial
    this.#slot = slot
  }

  cut(): void {
    this.#io.cut(this.#slot, this.#serial)
  }

  end(): void {
    this.#io.end(this.#slot, this.#serial, this.#onEnd())
  }

  onDrain(isGone: boolean): void {
    const drained = this.#drained
    this.#drained = undefined
    drained?.(isGone)
  }

  write(chunk: Uint8Array): boolean | Promise<boolean> {
    if (!this.#isThere()) return false
    if (this.#io.write(this.#slot, this.#serial, chunk)) return true
    return new Promise((resolve) => {
      this.#drained = (isGone) => resolve(!isGone)
    })
  }
}
