interface Waiting {
  begin(): void
}

/**
 * Lets a few tasks run at once and a bounded number wait. The thread pool's own queue has no bound, cannot be looked
 * into, and is where reads of files and look-ups of names wait too.
 */
export class Limiter {
  readonly #concurrency: number
  readonly #most: number
  #running = 0
  // In order of arrival, and one may leave from the middle.
  readonly #waiting = new Set<Waiting>()

  /**
   * @param concurrency tasks that run at once.
   * @param most tasks that wait.
   */
  constructor(concurrency: number, most: number) {
    this.#concurrency = concurrency
    this.#most = most
  }

  /** Whether a task would begin at once. */
  get isFree(): boolean {
    return this.#running < this.#concurrency
  }

  /** The share of the places to wait in that are taken: from 0 to 1. */
  get pressure(): number {
    return this.#most === 0 ? 1 : this.#waiting.size / this.#most
  }

  /**
   * Runs a task when its turn comes.
   *
   * @param signal takes it out of the queue; the promise is rejected with the signal's reason.
   * @returns undefined when too many wait already.
   */
  run<Value>(task: () => Promise<Value>, signal?: AbortSignal): Promise<Value> | undefined {
    if (this.isFree) return this.#run(task)
    if (this.#waiting.size >= this.#most) return undefined
    return new Promise<Value>((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const waiting: Waiting = {
        begin: () => {
          signal?.removeEventListener('abort', leave)
          this.#run(task).then(resolve, reject)
        },
      }
      const leave = (): void => {
        this.#waiting.delete(waiting)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', leave, { once: true })
      this.#waiting.add(waiting)
    })
  }

  async #run<Value>(task: () => Promise<Value>): Promise<Value> {
    this.#running++
    try {
      return await task()
    } finally {
      this.#running--
      this.#next()
    }
  }

  #next(): void {
    for (const waiting of this.#waiting) {
      this.#waiting.delete(waiting)
      waiting.begin()
      return
    }
  }
}
