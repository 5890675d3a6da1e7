import { performance } from 'node:perf_hooks'

/** Of the time that is too much: what is looked at so often is seen soon enough. */
const share = 4
const shortestInterval = 10
const longestInterval = 250

/** Looks without a request after which nobody looks any more, until the next. */
const mostIdle = 20

/**
 * How late the event loop is: by how much a timer comes after its time, smoothed, so that a single pause is not taken for
 * too much work. It looks only while there are requests.
 */
export class LoopDelay {
  /** Milliseconds, smoothed. */
  #delay = 0
  #expected = 0
  #idle = 0
  readonly #interval: number
  readonly #most: number
  readonly #onChange: (isOver: boolean, delay: number) => void
  #timer: NodeJS.Timeout | undefined
  /** Whether it is later than it may be. */
  isOver = false

  /**
   * @param most milliseconds.
   * @param onChange told when it comes to be later than that, and when it is so no more.
   */
  constructor(most: number, onChange: (isOver: boolean, delay: number) => void) {
    this.#interval = Math.min(longestInterval, Math.max(shortestInterval, Math.round(most / share)))
    this.#most = most
    this.#onChange = onChange
  }

  /** There is a request. */
  touch(): void {
    this.#idle = 0
    if (this.#timer !== undefined) return
    this.#expected = performance.now() + this.#interval
    this.#timer = setInterval(() => this.#look(), this.#interval).unref()
  }

  #look(): void {
    const now = performance.now()
    this.#delay = (this.#delay + Math.max(0, now - this.#expected)) / 2
    // A timer of node's is set anew from when it ran.
    this.#expected = now + this.#interval
    const isOver = this.#delay > this.#most
    if (isOver !== this.isOver) {
      this.isOver = isOver
      this.#onChange(isOver, Math.round(this.#delay))
    }
    if (++this.#idle < mostIdle || isOver) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#delay = 0
  }
}
