/** Something that waits for no longer than a time. */
export interface Expiring {
  /** Called once, when the time is over. */
  expire(): void
}

/** A place in the list of those that wait. */
export interface Wait {
  after: Wait | undefined
  before: Wait | undefined
  isOver: boolean
  /** The tick at which it began. */
  readonly since: number
  readonly who: Expiring
}

// A deadline is met at the latest an eighth of the time after it.
const ticks = 8

/**
 * One time limit for many things, in the order in which they began: adding and removing are a few assignments, and one
 * timer serves them all, however many there are. It runs only while something waits.
 */
export class Deadlines {
  #first: Wait | undefined
  readonly #interval: number
  #last: Wait | undefined
  #tick = 0
  #timer: NodeJS.Timeout | undefined

  /** @param timeout in milliseconds; 0 for none. */
  constructor(timeout: number) {
    this.#interval = timeout === 0 ? 0 : Math.max(1, Math.ceil(timeout / ticks))
  }

  /** @returns what {@link remove} takes; undefined where there is no limit. */
  add(who: Expiring): Wait | undefined {
    if (this.#interval === 0) return undefined
    if (this.#timer === undefined) this.#timer = setInterval(() => this.#advance(), this.#interval).unref()
    const wait: Wait = { after: undefined, before: this.#last, isOver: false, since: this.#tick, who }
    if (this.#last === undefined) this.#first = wait
    else this.#last.after = wait
    this.#last = wait
    return wait
  }

  /** Takes out what was added; what is out already is left alone. */
  remove(wait: Wait | undefined): void {
    if (wait === undefined || wait.isOver) return
    wait.isOver = true
    const { after, before } = wait
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
  }

  #advance(): void {
    this.#tick++
    while (this.#first !== undefined && this.#tick - this.#first.since > ticks) {
      const expired = this.#first
      this.remove(expired)
      expired.who.expire()
    }
    if (this.#first !== undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
