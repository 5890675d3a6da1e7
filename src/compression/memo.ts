import { Buffer } from 'node:buffer'
import type { ContentCoding } from '../core/accept-encoding.js'

interface Entry {
  readonly coded: Partial<Record<ContentCoding, Uint8Array>>
  /** Asked for since the last look at it. */
  isUsed: boolean
  size: number
  readonly source: string | Uint8Array
}

// Bodies of one length that are kept. A lookup compares with each, so this bounds what somebody can make it cost.
const mostOfOneLength = 4

// Fingerprints of bodies that were seen once. A power of two.
const seenSize = 1024
const samples = 16

/**
 * The last bodies in their compressed forms, within a bound of bytes. A body is known by all of it: two are the same
 * only when every byte is, so that nobody can have one served for another. It is kept the second time that it comes,
 * since most bodies never do.
 */
export class BodyMemo {
  // By length, which a body has for nothing, where a hash of 100 KB costs more than to compare them.
  readonly #byLength = new Map<number, Entry[]>()
  readonly #most: number
  // The oldest first, but for those that are used.
  readonly #order = new Set<Entry>()
  readonly #seen = new Uint32Array(seenSize)
  #size = 0

  /** @param most bytes in all: bodies and their compressed forms. */
  constructor(most: number) {
    this.#most = most
  }

  /** Bytes that are kept. */
  get size(): number {
    return this.#size
  }

  /** The compressed form of a body, where it is known. */
  get(body: Uint8Array | string, coding: ContentCoding): Uint8Array | undefined {
    const entry = this.#find(body)
    if (entry === undefined) return undefined
    entry.isUsed = true
    return entry.coded[coding]
  }

  /** Keeps the compressed form of a body that has come before. */
  set(body: Uint8Array | string, coding: ContentCoding, coded: Uint8Array): void {
    const known = this.#find(body)
    const size = coded.byteLength + (known === undefined ? sizeOf(body) : known.size)
    // One body is not to push all others out.
    if (size > this.#most / 4) return
    if (known !== undefined) {
      if (known.coded[coding] !== undefined) return
      known.coded[coding] = coded
      this.#size += coded.byteLength
      known.size = size
    } else if (this.isSecond(body)) {
      // Text cannot change; bytes can.
      const source = typeof body === 'string' ? body : Uint8Array.from(body)
      this.#add({ coded: { [coding]: coded }, isUsed: false, size, source })
    }
    this.#shrink()
  }

  #add(entry: Entry): void {
    const { length } = entry.source
    const others = this.#byLength.get(length)
    if (others === undefined) this.#byLength.set(length, [entry])
    else {
      if (others.length >= mostOfOneLength) this.#drop(others.find(({ isUsed }) => !isUsed) ?? others[0]!)
      // Dropping the last one of a length drops the list.
      const list = this.#byLength.get(length) ?? []
      list.push(entry)
      this.#byLength.set(length, list)
    }
    this.#order.add(entry)
    this.#size += entry.size
  }

  #drop(entry: Entry): void {
    const list = this.#byLength.get(entry.source.length) ?? []
    list.splice(list.indexOf(entry), 1)
    if (list.length === 0) this.#byLength.delete(entry.source.length)
    this.#order.delete(entry)
    this.#size -= entry.size
  }

  #find(body: Uint8Array | string): Entry | undefined {
    const list = this.#byLength.get(body.length)
    if (list === undefined) return undefined
    for (const entry of list) if (isSame(entry.source, body)) return entry
    return undefined
  }

  /**
   * Whether a body has come before; the next time it has. Different bodies may have one fingerprint: then one is kept at
   * once, which is no harm.
   */
  isSecond(body: Uint8Array | string): boolean {
    const print = fingerprint(body)
    const at = print & (seenSize - 1)
    if (this.#seen[at] === print) return true
    this.#seen[at] = print
    return false
  }

  #shrink(): void {
    for (const entry of this.#order) {
      if (this.#size <= this.#most) return
      if (entry.isUsed) {
        // Once more round: it comes last, and leaves when nobody asks for it until then.
        entry.isUsed = false
        this.#order.delete(entry)
        this.#order.add(entry)
      } else {
        this.#drop(entry)
      }
    }
  }
}

function isSame(source: string | Uint8Array, body: string | Uint8Array): boolean {
  if (typeof source === 'string' || typeof body === 'string') return source === body
  return Buffer.compare(source, body) === 0
}

function sizeOf(body: string | Uint8Array): number {
  // What a character takes is V8's secret: one byte, or two.
  return typeof body === 'string' ? body.length * 2 : body.byteLength
}

function fingerprint(body: string | Uint8Array): number {
  const { length } = body
  let print = length
  for (let sample = 0; sample < samples; sample++) {
    const at = Math.floor((length * sample) / samples)
    const unit = typeof body === 'string' ? body.charCodeAt(at) : body[at]!
    print = Math.imul(print ^ unit, 0x01000193)
    print ^= print >>> 15
  }
  return print >>> 0
}
