/**
 * What the environment says, read as OpenTelemetry's specification has it: an empty variable is none, and one that is not
 * understood is told of and left out.
 */
export class Environment {
  readonly #variables: Readonly<Record<string, string | undefined>>
  readonly #warn: (text: string) => void

  constructor(warn: (text: string) => void, variables: Readonly<Record<string, string | undefined>> = process.env) {
    this.#variables = variables
    this.#warn = warn
  }

  /** Whether a variable says true, in any letter case. */
  boolean(name: string): boolean {
    const text = this.text(name)?.toLowerCase()
    if (text !== undefined && text !== 'true' && text !== 'false') this.#ignore(name, text, 'true or false')
    return text === 'true'
  }

  /** One of some words, in any letter case. */
  choice<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const text = this.text(name)?.toLowerCase()
    if (text === undefined) return undefined
    const word = words.find((each) => each === text)
    if (word === undefined) this.#ignore(name, text, words.join(', '))
    return word
  }

  /** Those of a list that are among some words. */
  choices<Word extends string>(name: string, words: readonly Word[]): readonly Word[] | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    return text.split(',').flatMap((part) => {
      const word = words.find((each) => each === part.trim().toLowerCase())
      if (word === undefined) this.#ignore(name, part.trim(), words.join(', '))
      return word ?? []
    })
  }

  /** The first of some variables that is a number within bounds. */
  number(names: readonly string[], least: number, most: number = Number.MAX_SAFE_INTEGER): number | undefined {
    for (const name of names) {
      const text = this.text(name)
      if (text === undefined) continue
      const value = Number(text)
      if (value >= least && value <= most) return value
      const hasEnd = most < Number.MAX_SAFE_INTEGER
      this.#ignore(name, text, hasEnd ? `a number from ${least} to ${most}` : `a number of at least ${least}`)
    }
    return undefined
  }

  text(name: string): string | undefined {
    const text = this.#variables[name]?.trim()
    return text === '' ? undefined : text
  }

  #ignore(name: string, got: string, takes: string): void {
    this.#warn(`${name}=${got} is ignored: it takes ${takes}`)
  }
}
