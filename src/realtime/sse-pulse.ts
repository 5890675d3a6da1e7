/** Waits for something to happen, and tells when nothing does. */
export class Pulse {
  readonly #interval: number
  #isSilent = false
  #timer: NodeJS.Timeout | undefined
  #wake: (() => void) | undefined

  /** @param interval milliseconds that are silence; 0 for no such time. */
  constructor(interval: number) {
    this.#interval = interval
  }

  /** Something has happened. */
  stir(): void {
    this.#wake?.()
  }

  /** Waits until something happens, from the call on; true where nothing did for the interval. */
  async wait(): Promise<boolean> {
    this.#isSilent = false
    const stirred = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    if (this.#interval > 0) {
      this.#timer = setTimeout(() => {
        this.#isSilent = true
        this.stir()
      }, this.#interval)
    }
    await stirred
    clearTimeout(this.#timer)
    this.#wake = undefined
    return this.#isSilent
  }
}
