/**
 * Lets a few tasks run at once and a bounded number wait, in order of arrival. The thread pool's own queue has no bound, and
 * reads of files and look-ups of names wait in it too.
 */
export class Limiter {
  readonly #concurrency: number
  readonly #most: number
  #running = 0
  readonly #waiting: (() => void)[] = []

  /**
   * @param concurrency tasks that run at once.
   * @param most tasks that wait.
   */
  constructor(concurrency: number, most: number) {
    this.#concurrency = concurrency
    this.#most = most
  }

  /**
   * Runs a task when its turn comes.
   *
   * @returns undefined when too many wait already.
   */
  run<Value>(task: () => Promise<Value>): Promise<Value> | undefined {
    if (this.#running < this.#concurrency) return this.#run(task)
    if (this.#waiting.length >= this.#most) return undefined
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => this.#run(task).then(resolve, reject))
    })
  }

  async #run<Value>(task: () => Promise<Value>): Promise<Value> {
    this.#running++
    try {
      return await task()
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
  }
}
