/** The longest text that is kept, and how many are. */
const longest = 512
const most = 1000

/** Texts that came last are kept by their lengths, modulo this. */
const slots = 64

/** Texts that are made once of what comes again and again, such as the `User-Agent` of a browser. Its memory is bounded. */
export class Memo {
  // What a transport gives is a new text each time, and a map would hash all of it: to compare it with one of the same length
  // takes a fraction of that.
  readonly #last: string[] = new Array<string>(slots).fill('')
  readonly #lastMade: string[] = new Array<string>(slots).fill('')
  readonly #made = new Map<string, string>()
  readonly #make: (text: string) => string

  constructor(make: (text: string) => string) {
    this.#make = make
    // The empty text is in its own slot from the beginning.
    this.#lastMade[0] = make('')
  }

  of(text: string): string {
    const slot = text.length % slots
    if (this.#last[slot] === text) return this.#lastMade[slot]!
    const made = this.#known(text)
    if (text.length <= longest) {
      this.#last[slot] = text
      this.#lastMade[slot] = made
    }
    return made
  }

  #known(text: string): string {
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
