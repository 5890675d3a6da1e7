/** A promise that is rejected and, where nobody looks at it, harmless: a request never ends the process. */
export function rejected(error: Error): Promise<never> {
  const promise = Promise.reject(error)
  promise.catch(ignore)
  return promise
}

function ignore(): void {}

/** Somebody who waits for a whole body. */
export interface Waiting<Body> {
  fail(error: unknown): void
  serve(body: Body): void
}

/** The same, with what of the body is wanted. */
export class Reader<Body, Value> implements Waiting<Body> {
  #reject!: (error: unknown) => void
  #resolve!: (value: Value | PromiseLike<Value>) => void
  readonly #take: (body: Body) => Value
  readonly promise: Promise<Value>

  constructor(take: (body: Body) => Value) {
    this.#take = take
    this.promise = new Promise((resolve, reject) => {
      this.#reject = reject
      this.#resolve = resolve
    })
  }

  fail(error: unknown): void {
    // Whoever has asked and does not wait must not end the process.
    this.promise.catch(ignore)
    this.#reject(error)
  }

  serve(body: Body): void {
    try {
      this.#resolve(this.#take(body))
    } catch (error) {
      this.fail(error)
    }
  }
}
