import { createHmac, randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'

// Of users who are there at the same time; a user more costs a comparison, and nothing else.
const most = 1_000

/**
 * What was verified a moment ago. Names and passwords are kept as one HMAC under a key of this process, so that neither
 * the memory nor the time of a look-up tells of them. Only what was right is kept; what is being compared is not compared
 * a second time beside it.
 */
export class Verified {
  readonly #cacheFor: number
  readonly #key = randomBytes(32)
  /** When what is known is to be forgotten, by its HMAC; the oldest first. */
  readonly #known = new Map<string, number>()
  readonly #pending = new Map<string, Promise<boolean>>()

  /** @param cacheFor milliseconds. */
  constructor(cacheFor: number) {
    this.#cacheFor = cacheFor
  }

  /** Whether a name and a password are right: at once where that is known, else by comparing them. */
  ask(name: string, password: string, compare: () => Promise<boolean>): Promise<boolean> | true {
    const digest = createHmac('sha256', this.#key).update(`${name.length}:${name}${password}`).digest('base64')
    const until = this.#known.get(digest)
    if (until !== undefined) {
      if (until > performance.now()) return true
      this.#known.delete(digest)
    }
    const other = this.#pending.get(digest)
    if (other !== undefined) return other
    const comparing = compare()
      .then((isRight) => {
        if (isRight && this.#cacheFor > 0) this.#keep(digest)
        return isRight
      })
      .finally(() => this.#pending.delete(digest))
    this.#pending.set(digest, comparing)
    return comparing
  }

  #keep(digest: string): void {
    if (this.#known.size >= most) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest)
        break
      }
    }
    this.#known.set(digest, performance.now() + this.#cacheFor)
  }
}
