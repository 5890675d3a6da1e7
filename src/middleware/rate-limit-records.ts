import { Buffer } from 'node:buffer'
/** What is counted for one key. */
export interface RateRecord {
  /** When it was last asked for, in milliseconds. */
  at: number
  /** Sliding window: consumed in the current window. Token bucket: what is in it, in tokens times the window. */
  count: number
  readonly key: string
  newer: RateRecord | undefined
  older: RateRecord | undefined
  /** Consumed in the window before. */
  previous: number
  /** When the current window began, or the bucket was last filled up. */
  start: number
}

// A map that grows is laid out anew as a whole, which takes milliseconds from 100,000 keys on: many small ones do so one at
// a time.
const shards = 32

/** Records by key, in the order in which they were last asked for. To ask is one lookup and a few assignments. */
export class RateRecords {
  readonly #byKey: readonly Map<string, RateRecord>[] = Array.from({ length: shards }, () => new Map())
  /** Milliseconds after which a record that nobody has asked for says the same as none. */
  readonly #lifetime: number
  #newest: RateRecord | undefined
  #oldest: RateRecord | undefined

  constructor(lifetime: number) {
    this.#lifetime = lifetime
  }

  /** The record that nobody has asked for in the longest time. */
  get oldest(): RateRecord | undefined {
    return this.#oldest
  }

  /** Makes a record, the newest; the key must have none. */
  add(key: string, now: number, count: number): RateRecord {
    const own = ownText(key)
    const record = { at: now, count, key: own, newer: undefined, older: undefined, previous: 0, start: now }
    this.#shardOf(own).set(own, record)
    this.#append(record)
    return record
  }

  /** Takes the oldest records out, up to a number of them, as far as they have expired; returns how many. */
  clean(now: number, most: number): number {
    let dropped = 0
    while (dropped < most && this.#oldest !== undefined && this.#oldest.at + this.#lifetime <= now) {
      this.dropOldest()
      dropped++
    }
    return dropped
  }

  dropOldest(): void {
    const oldest = this.#oldest
    if (oldest === undefined) return
    this.#shardOf(oldest.key).delete(oldest.key)
    this.#unlink(oldest)
  }

  /** The record of a key, which is the newest then. */
  touch(key: string, now: number): RateRecord | undefined {
    const record = this.#shardOf(key).get(key)
    if (record === undefined) return undefined
    record.at = now
    if (record !== this.#newest) {
      this.#unlink(record)
      this.#append(record)
    }
    return record
  }

  #append(record: RateRecord): void {
    record.newer = undefined
    record.older = this.#newest
    if (this.#newest === undefined) this.#oldest = record
    else this.#newest.newer = record
    this.#newest = record
  }

  // Addresses differ at their end, networks before what all of them end in (`::/64`).
  #shardOf(key: string): Map<string, RateRecord> {
    const { length } = key
    return this.#byKey[(key.charCodeAt(length - 1) ^ (key.charCodeAt(length - 6) << 1)) & (shards - 1)]!
  }

  #unlink({ newer, older }: RateRecord): void {
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
  }
}

// V8 makes a part of a text a window on the whole of it from 13 characters on: a key cut out of a request's headers would
// keep all of them in memory.
function ownText(key: string): string {
  if (key.length < 13) return key
  const coding = /^[\0-\xff]*$/.test(key) ? 'latin1' : 'utf16le'
  return Buffer.from(key, coding).toString(coding)
}
