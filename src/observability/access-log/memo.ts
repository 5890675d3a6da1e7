/** Texts that are made once of what comes again and again, such as the `User-Agent` of a browser. Its memory is bounded. */
export class Memo {
  readonly #made = new Map<string, string>()
  readonly #make: (text: string) => string

  constructor(make: (text: string) => string) {
    this.#make = make
  }

  of(text: string): string {
    const known = this.#made.get(text)
    if (known !== undefined) return known
    const made = this.#make(text)
    if (text.length > longest) return made
    // Whoever sends other texts each time costs no more than to make them.
    if (this.#made.size >= most) this.#made.clear()
    this.#made.set(text, made)
    return made
  }
}

const longest = 512
const most = 1000
