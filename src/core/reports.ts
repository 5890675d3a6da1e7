/** Makes a report; what it gives goes to another process as JSON. */
export type MakeReport = () => unknown

/**
 * What the process that watches over workers may ask each of them for, by name: `status` is one; metrics, say, are another.
 * A worker has its own; whoever has figures provides them.
 */
export class Reports {
  readonly #makers = new Map<string, MakeReport>()

  /** Makes one. @returns undefined where nobody provides it. */
  async make(name: string): Promise<unknown> {
    return this.#makers.get(name)?.()
  }

  /** Whoever provides it last is asked for it. */
  provide(name: string, make: MakeReport): void {
    this.#makers.set(name, make)
  }
}

/** Those of the process. */
export const reports: Reports = new Reports()
