import { Buffer } from 'node:buffer'
/** Events, encoded, that wait for a client: of a replay one, before all that was sent. */
export class EventQueue {
  #events: string[] = []
  #replayed = ''
  #size = 0

  /** In bytes. */
  get size(): number {
    return this.#size
  }

  add(text: string): void {
    this.#events.push(text)
    this.#size += Buffer.byteLength(text)
  }

  /** The next event of a replay, which is read when the one before was taken. */
  addReplayed(text: string): void {
    this.#replayed = text
    this.#size += Buffer.byteLength(text)
  }

  clear(): void {
    this.#events = []
    this.#replayed = ''
    this.#size = 0
  }

  /**
   * What is next.
   *
   * @param isReplaying whether more of a replay is to come, which what was sent waits for.
   */
  take(isReplaying: boolean): string | undefined {
    if (this.#replayed !== '') {
      const text = this.#replayed
      this.#replayed = ''
      this.#size -= Buffer.byteLength(text)
      return text
    }
    if (isReplaying || this.#events.length === 0) return undefined
    const text = this.#events.length === 1 ? this.#events[0]! : this.#events.join('')
    this.clear()
    return text
  }
}
