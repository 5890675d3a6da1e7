import { HotpressError } from '../errors.js'
import { Control } from './native-control.js'

/** Requests after which it is settled anew which headers are wanted. */
const period = 256

/** Of so many requests in a period a header must have been asked for: to hand it over costs a quarter of a call. */
const enough = period / 4

/** As many as the core hands over, and as many names as are counted besides. */
const mostWanted = 6
const mostCounted = 32

/** What of the core is asked for a header. */
interface HeaderSource {
  readonly control: Uint32Array
  header(slot: number, serial: number, name: string, isWhole: number): string | null | undefined
}

/**
 * The headers that handlers and middleware ask for again and again: the core hands their values over with each request,
 * which costs less than a call for each. A value is good until the next request.
 */
export class WantedHeaders {
  readonly #asked = new Map<string, number>()
  readonly #hits: number[] = []
  #names: readonly string[] = []
  #requests = 0
  readonly #values: (string | undefined)[] = []
  readonly #want: (names: string) => void

  /** @param want tells the core: each name is ended by a line feed. */
  constructor(want: (names: string) => void) {
    this.#want = want
  }

  /** Takes what has come with a request. */
  begin(
    first: string | undefined,
    second: string | undefined,
    third: string | undefined,
    fourth: string | undefined,
    fifth: string | undefined,
    sixth: string | undefined,
  ): void {
    if (this.#names.length > 0) {
      const values = this.#values
      values[0] = first
      values[1] = second
      values[2] = third
      values[3] = fourth
      values[4] = fifth
      values[5] = sixth
    }
    if (++this.#requests === period) this.#review()
  }

  /**
   * The value of a header of a request, that has come along or is asked for.
   *
   * @throws HotpressError `REQUEST_OVER`
   */
  header(io: HeaderSource, slot: number, serial: number, lower: string, isWhole: 0 | 1): string | undefined {
    // What has come along is of the request whose callback runs.
    const handed = io.control[Control.within] === serial ? this.find(lower) : undefined
    if (handed !== undefined) return handed
    const value = io.header(slot, serial, lower, isWhole)
    if (value === undefined) throw new HotpressError('REQUEST_OVER', {})
    if (value !== null) this.note(lower)
    return value ?? undefined
  }

  /** The value of a header that came along; undefined where it did not. */
  find(lower: string): string | undefined {
    const names = this.#names
    for (let index = 0; index < names.length; index++) {
      if (names[index] !== lower) continue
      this.#hits[index]!++
      return this.#values[index]
    }
    return undefined
  }

  /** A header was there, and had to be asked for. */
  note(lower: string): void {
    const count = this.#asked.get(lower)
    if (count !== undefined || this.#asked.size < mostCounted) this.#asked.set(lower, (count ?? 0) + 1)
  }

  #review(): void {
    const before = this.#names
    const kept = before.filter((_, index) => this.#hits[index]! >= enough)
    const others = [...this.#asked].filter(([name, count]) => count >= enough && !kept.includes(name))
    const names = [...kept, ...others.map(([name]) => name)].slice(0, mostWanted)
    this.#asked.clear()
    this.#requests = 0
    this.#hits.length = 0
    for (const _ of names) this.#hits.push(0)
    if (names.length === before.length && names.every((name, index) => name === before[index])) return
    this.#names = names
    // Of another list; it is asked for once more.
    this.#values.fill(undefined)
    this.#want(names.map((name) => `${name}\n`).join(''))
  }
}
