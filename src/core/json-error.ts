/** Where a text stops being JSON. */
export interface JsonError {
  /** In UTF-16 units from the start, as all positions of JavaScript. */
  readonly offset: number
  /** What stands there: `unexpected "}"`, or that the text ends. */
  readonly what: string
}

const digit = /[0-9]/
const hex = /[0-9A-Fa-f]/
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a string must not hold as it is
const plain = /[^"\\\x00-\x1f]*/y
const space = /[ \t\n\r]*/y
const words = ['false', 'null', 'true'] as const

/**
 * Finds the first place at which a text is not JSON any more (RFC 8259). It is for texts that `JSON.parse` has refused,
 * whose messages differ from one version of Node to another.
 */
export function findJsonError(text: string): JsonError {
  const offset = new Scanner(text).run()
  if (offset >= text.length) return { offset: text.length, what: 'unexpected end' }
  const point = text.codePointAt(offset)!
  const isShown = point > 0x20 && point !== 0x7f && !(point >= 0xd800 && point < 0xe000)
  const shown = isShown ? JSON.stringify(String.fromCodePoint(point)) : `U+${point.toString(16).padStart(4, '0')}`
  return { offset, what: `unexpected ${shown}` }
}

/** What may come next. */
type Expected = 'close or key' | 'close or value' | 'colon' | 'comma or close' | 'end' | 'key' | 'value'

class Scanner {
  #at = 0
  // A byte for each level, 1 for an object: a text may nest a million deep.
  #levels = new Uint8Array(64)
  #depth = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The offset of the error; the length of the text where it ends too early. */
  run(): number {
    let expected: Expected | undefined = 'value'
    while (expected !== undefined) {
      this.#skip(space)
      if (this.#at >= this.#text.length) break
      expected = this.#step(expected)
    }
    return this.#at
  }

  /** Takes one token; undefined where it is not the one that was expected, of which `#at` tells the place. */
  #step(expected: Expected): Expected | undefined {
    const mark = this.#text[this.#at]!
    const isObject = this.#levels[this.#depth - 1] === 1
    switch (expected) {
      case 'colon':
        return mark === ':' ? this.#take('value') : undefined
      case 'comma or close':
        if (mark === ',') return this.#take(isObject ? 'key' : 'value')
        return mark === (isObject ? '}' : ']') ? this.#close() : undefined
      case 'close or key':
      case 'key':
        if (mark === '}' && expected === 'close or key') return this.#close()
        return mark === '"' && this.#string() ? 'colon' : undefined
      case 'close or value':
        return mark === ']' ? this.#close() : this.#value(mark)
      case 'value':
        return this.#value(mark)
      case 'end':
        return undefined
    }
  }

  get #afterValue(): Expected {
    return this.#depth === 0 ? 'end' : 'comma or close'
  }

  #value(mark: string): Expected | undefined {
    if (mark === '{' || mark === '[') return this.#open(mark === '{')
    if (mark === '"') return this.#string() ? this.#afterValue : undefined
    if (mark === '-' || digit.test(mark)) return this.#number() ? this.#afterValue : undefined
    for (const word of words) {
      if (mark === word[0]) return this.#word(word) ? this.#afterValue : undefined
    }
    return undefined
  }

  #open(isObject: boolean): Expected {
    if (this.#depth === this.#levels.length) {
      const larger = new Uint8Array(this.#levels.length * 2)
      larger.set(this.#levels)
      this.#levels = larger
    }
    this.#levels[this.#depth++] = isObject ? 1 : 0
    return this.#take(isObject ? 'close or key' : 'close or value')
  }

  #close(): Expected {
    this.#depth--
    return this.#take(this.#afterValue)
  }

  #number(): boolean {
    if (this.#skip(number) === 0) {
      // A minus sign without a digit.
      this.#at++
      return false
    }
    // What could go on, and does not: a fraction or an exponent without its digits.
    const rest = /^(?:\.|[eE][+-]?)/.exec(this.#text.slice(this.#at, this.#at + 2))
    if (rest === null) return true
    this.#at += rest[0].length
    return false
  }

  #string(): boolean {
    const { length } = this.#text
    this.#at++
    while (this.#at < length) {
      this.#skip(plain)
      const mark = this.#text[this.#at]
      if (mark === '"') {
        this.#at++
        return true
      }
      if (mark !== '\\') return false
      this.#at++
      const letter = this.#text[this.#at]
      if (letter === undefined || !'"\\/bfnrtu'.includes(letter)) return false
      this.#at++
      if (letter !== 'u') continue
      for (let digits = 0; digits < 4; digits++, this.#at++) {
        if (!hex.test(this.#text[this.#at] ?? '')) return false
      }
    }
    return false
  }

  #word(word: string): boolean {
    for (const letter of word) {
      if (this.#text[this.#at] !== letter) return false
      this.#at++
    }
    return true
  }

  /** Moves over what a pattern matches here; says how much that was. */
  #skip(pattern: RegExp): number {
    pattern.lastIndex = this.#at
    const length = pattern.exec(this.#text)?.[0].length ?? 0
    this.#at += length
    return length
  }

  #take(next: Expected): Expected {
    this.#at++
    return next
  }
}
