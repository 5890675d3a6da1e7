/**
 * The answers of an app that have no end of their own. When its last listener closes they are ended, as otherwise it would
 * wait for them for as long as it may.
 */
export class Endings {
  readonly #all = new Set<() => void>()
  #closing = 0
  #listening = 0

  /**
   * Adds an answer.
   *
   * @param end ends it; called at once while the app closes.
   * @returns to be called when it is over.
   */
  add(end: () => void): () => void {
    if (this.#closing > 0 && this.#listening === 0) end()
    else this.#all.add(end)
    return () => void this.#all.delete(end)
  }

  /** A listener has closed. */
  closed(): void {
    this.#closing--
  }

  /** A listener begins to close. */
  closes(): void {
    this.#listening--
    this.#closing++
    if (this.#listening > 0) return
    for (const end of this.#all) end()
    this.#all.clear()
  }

  /** There is one listener more. */
  listens(): void {
    this.#listening++
  }
}
