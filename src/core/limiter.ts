interface Waiting {
  begin(): void
  cancel(): void
  readonly ticket: number | undefined
}

/**
 * Lets a few tasks run at once, and the others wait in order of arrival. The thread pool's own queue has no bound and cannot
 * be looked into, and reads of files and look-ups of names wait in it too.
 */
export class Limiter {
  readonly #concurrency: number
  readonly #most: number
  #running = 0
  // In order of arrival, and one may leave from the middle.
  readonly #waiting = new Set<Waiting>()

  /**
   * @param concurrency tasks that run at once.
   * @param most tasks that wait: any number by default.
   */
  constructor(concurrency: number, most: number = Number.POSITIVE_INFINITY) {
    this.#concurrency = concurrency
    this.#most = most
  }

  /** Whether as many tasks run and wait as may: the next would be refused. */
  get isFull(): boolean {
    return this.#running >= this.#concurrency && this.#waiting.size >= this.#most
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

  /**
   * Runs a task when its turn comes.
   *
   * @param ticket what {@link cancel} knows it by.
   * @returns a promise of what the task gives; rejected with the code `FULL` where {@link isFull} says so.
   */
  run<Value>(task: () => Promise<Value>, ticket?: number): Promise<Value> {
    if (this.#running < this.#concurrency) return this.#run(task)
    if (this.isFull) return Promise.reject(failure('FULL', 'too many tasks wait'))
    return new Promise<Value>((resolve, reject) => {
      this.#waiting.add({
        begin: () => this.#run(task).then(resolve, reject),
        cancel: () => reject(failure('CANCELLED', 'the task was cancelled')),
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

function failure(code: 'CANCELLED' | 'FULL', message: string): Error {
  return Object.assign(new Error(message), { code })
}
