interface Waiting {
  begin(): void
  cancel(): void
  readonly ticket: number | undefined
}

/** Lets a few tasks run at once, the others in order of arrival. The thread pool's own queue cannot be looked into. */
export class Limiter {
  readonly #concurrency: number
  #running = 0
  // In order of arrival, and one may leave from the middle.
  readonly #waiting = new Set<Waiting>()

  /** @param concurrency tasks that run at once. */
  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  /** Takes a task out that has not begun: its promise is rejected with the code `CANCELLED`. Says whether there was one. */
  cancel(ticket: number): boolean {
    for (const waiting of this.#waiting) {
      if (waiting.ticket !== ticket) continue
      this.#waiting.delete(waiting)
      waiting.cancel()
      return true
    }
    return false
  }

  /** Runs a task when its turn comes. */
  run<Value>(task: () => Promise<Value>, ticket?: number): Promise<Value> {
    if (this.#running < this.#concurrency) return this.#run(task)
    return new Promise<Value>((resolve, reject) => {
      this.#waiting.add({
        begin: () => this.#run(task).then(resolve, reject),
        cancel: () => reject(Object.assign(new Error('the task was cancelled'), { code: 'CANCELLED' })),
        ticket,
      })
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
