/** Something that must be done by a certain time; it is a link of the list it waits in. */
export abstract class Expiring {
  /** @internal */
  after: Expiring | undefined = undefined
  /** @internal */
  before: Expiring | undefined = undefined
  /** @internal The tick at which it began to wait. */
  since = 0

  /** Called once, when the time is over. */
  abstract expire(): void
}

// A deadline is met at the latest an eighth of the time after it.
const ticks = 8

/**
 * One time limit for many things, in the order in which they began: adding and removing are a few assignments, and one
 * timer serves them all, however many there are. It runs only while something waits.
 */
export class Deadlines {
  #first: Expiring | undefined
  readonly #interval: number
  #last: Expiring | undefined
  #tick = 0
  #timer: NodeJS.Timeout | undefined

  /** @param timeout in milliseconds; 0 for none. */
  constructor(timeout: number) {
    this.#interval = timeout === 0 ? 0 : Math.max(1, Math.ceil(timeout / ticks))
  }

  add(waiting: Expiring): void {
    if (this.#interval === 0) return
    if (this.#timer === undefined) this.#timer = setInterval(() => this.#advance(), this.#interval).unref()
    waiting.since = this.#tick
    waiting.before = this.#last
    waiting.after = undefined
    if (this.#last === undefined) this.#first = waiting
    else this.#last.after = waiting
    this.#last = waiting
  }

  /** Takes out what was added; what was not is left alone. */
  remove(waiting: Expiring): void {
    const { after, before } = waiting
    if (before === undefined && this.#first !== waiting) return
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    waiting.after = undefined
    waiting.before = undefined
  }

  #advance(): void {
    this.#tick++
    while (this.#first !== undefined && this.#tick - this.#first.since > ticks) {
      const expired = this.#first
      this.remove(expired)
      expired.expire()
    }
    if (this.#first !== undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
