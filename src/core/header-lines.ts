import { copyRequestId } from './request-id.js'

/**
 * Header lines as bytes, in memory that is written again and again. Most answers of an app have lines that the answer
 * before had at the same place: those are not written anew.
 */
export class HeaderLines {
  readonly #bytes: Uint8Array
  /** Of each line that stands there: where it ends and begins (-1 where it was written over), its name and its value. */
  readonly #ends: number[] = []
  #length = 0
  readonly #names: string[] = []
  #next = 0
  readonly #starts: number[] = []
  readonly #values: string[] = []
  readonly #view: DataView

  /** @param bytes nobody else writes there. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Bytes of the lines written since {@link rewind}. */
  get length(): number {
    return this.#length
  }

  /** Begins again at the start. */
  rewind(): void {
    this.#length = 0
    this.#next = 0
  }

  /**
   * Writes the next line; names and values are Latin-1.
   *
   * @returns false when there is not enough room.
   */
  write(name: string, value: string): boolean {
    const start = this.#length
    const line = this.#next++
    if (line < this.#starts.length && this.#starts[line] === start && this.#names[line] === name) {
      const known = this.#values[line]!
      if (known.length === value.length) {
        // Of an id only the value is another.
        if (known !== value) {
          this.#writeValue(start + name.length + 2, value)
          this.#values[line] = value
        }
        this.#length = this.#ends[line]!
        return true
      }
    }
    const bytes = this.#bytes
    const end = start + name.length + value.length + 4
    if (end > bytes.length) return false
    let at = writeLatin1(bytes, start, name)
    bytes[at++] = 0x3a
    bytes[at++] = 0x20
    this.#writeValue(at, value)
    at += value.length
    bytes[at++] = 0x0d
    bytes[at] = 0x0a
    this.#forget(start, end)
    this.#ends[line] = end
    this.#names[line] = name
    this.#starts[line] = start
    this.#values[line] = value
    this.#length = end
    return true
  }

  // What other answers have left there is written over.
  #forget(start: number, end: number): void {
    const starts = this.#starts
    for (let line = 0; line < starts.length; line++) {
      if (starts[line]! < end && this.#ends[line]! > start) starts[line] = -1
    }
  }

  #writeValue(at: number, value: string): void {
    if (!copyRequestId(value, this.#view, at)) writeLatin1(this.#bytes, at, value)
  }
}

// Short, so that a loop costs less than a call of the runtime.
function writeLatin1(into: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) into[at + index] = text.charCodeAt(index)
  return at + text.length
}
