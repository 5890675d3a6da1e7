/** What every stored thing has. */
export interface Stored {
  readonly id: number
}

/** Things of one kind, kept in memory in the order in which they came. */
export class Store<Thing extends Stored> {
  #last = 0
  readonly #things = new Map<number, Thing>()

  all(): Thing[] {
    return [...this.#things.values()]
  }

  create(fields: Omit<Thing, 'id'>): Thing {
    const thing = { id: ++this.#last, ...fields } as Thing
    this.#things.set(thing.id, thing)
    return thing
  }

  delete(id: number): boolean {
    return this.#things.delete(id)
  }

  get(id: number): Thing | undefined {
    return this.#things.get(id)
  }

  update(id: number, fields: Partial<Omit<Thing, 'id'>>): Thing | undefined {
    const before = this.#things.get(id)
    if (before === undefined) return undefined
    const after = { ...before, ...fields }
    this.#things.set(id, after)
    return after
  }
}
