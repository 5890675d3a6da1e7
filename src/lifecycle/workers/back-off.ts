/** Milliseconds before the second try; each further one waits for twice as long, up to the longest. */
const first = 500
const longest = 30_000

/** Workers that have ended without being ready, one after the other, which are called a loop. */
const loop = 5

/** Milliseconds for which a worker has to be ready to be taken for sound. */
const steadyTime = 10_000

/** When a worker that has ended is tried again: at once, and then later and later. */
export class BackOff {
  #ends = 0
  #failures = 0
  readonly #random: () => number

  /** @param random from 0 up to 1, so that workers that end together do not begin together. */
  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  /** Whether one after the other has ended without being ready. */
  get isLoop(): boolean {
    return this.#failures >= loop
  }

  /**
   * A worker has ended.
   *
   * @param readyTime milliseconds for which it had been ready; undefined where it never was.
   * @returns the milliseconds to wait for.
   */
  ended(readyTime: number | undefined): number {
    if (readyTime !== undefined) this.#failures = 0
    else this.#failures++
    if (readyTime !== undefined && readyTime >= steadyTime) this.#ends = 0
    this.#ends++
    if (this.#ends === 1) return 0
    const wait = this.isLoop ? longest : Math.min(longest, first * 2 ** (this.#ends - 2))
    // A quarter less or more.
    return Math.round(wait * (0.75 + this.#random() / 2))
  }

  /** Somebody has the next one begin by hand: what was before counts no more. */
  reset(): void {
    this.#ends = 0
    this.#failures = 0
  }
}
