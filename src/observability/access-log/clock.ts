const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** The thousandths of a number, as they stand behind the point. */
const thousandths: readonly string[] = Array.from({ length: 1000 }, (_, index) => String(index).padStart(3, '0'))

/** What times are written as: what was written last is kept, as the next line is most often of the same moment. */
export class LogClock {
  #epoch = -1
  #epochText = ''
  #httpd = -1
  #httpdText = ''
  #iso = -1
  #isoText = ''
  #second = -1
  #secondText = ''

  /** Milliseconds since 1970. */
  epoch(time: number): string {
    if (time !== this.#epoch) {
      this.#epoch = time
      this.#epochText = String(time)
    }
    return this.#epochText
  }

  /** As httpd's `%t`: `[10/Oct/2000:13:55:36 -0700]`. */
  httpd(time: number): string {
    const second = Math.floor(time / 1000)
    if (second !== this.#httpd) {
      this.#httpd = second
      this.#httpdText = httpdTime(new Date(second * 1000))
    }
    return this.#httpdText
  }

  /** By ISO 8601 in UTC, with milliseconds. */
  iso(time: number): string {
    if (time === this.#iso) return this.#isoText
    const second = Math.floor(time / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#secondText = new Date(second * 1000).toISOString().slice(0, 20)
    }
    this.#iso = time
    this.#isoText = `${this.#secondText}${thousandths[time - second * 1000]!}Z`
    return this.#isoText
  }
}

/** Durations whose texts are kept, in microseconds: most are shorter. */
const short = 4096

/** Milliseconds with three digits behind the point: a number's own form takes longer, and has up to seventeen. */
export class DurationTexts {
  readonly #before: string
  // Of its length from the beginning: one that grows by leaps would become a table of hashes.
  readonly #short = new Array<string | undefined>(short)

  /** @param before stands before each. */
  constructor(before: string) {
    this.#before = before
  }

  /** @param time milliseconds. */
  of(time: number): string {
    const microseconds = Math.round(time * 1000)
    if (microseconds >= short) return this.#make(microseconds)
    const known = this.#short[microseconds]
    if (known !== undefined) return known
    const made = this.#make(microseconds)
    this.#short[microseconds] = made
    return made
  }

  #make(microseconds: number): string {
    const whole = Math.floor(microseconds / 1000)
    return `${this.#before}${whole}.${thousandths[microseconds - whole * 1000]!}`
  }
}

function httpdTime(date: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0')
  const day = `${two(date.getDate())}/${months[date.getMonth()]!}/${date.getFullYear()}`
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  const offset = -date.getTimezoneOffset()
  const zone = Math.abs(offset)
  return `[${day}:${time} ${offset < 0 ? '-' : '+'}${two(Math.floor(zone / 60))}${two(zone % 60)}]`
}
