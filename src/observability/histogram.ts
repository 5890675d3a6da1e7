/** The bucket that a value falls in: the first whose bound is not below it, or the one above all. */
export function bucketOf(bounds: readonly number[], value: number): number {
  let index = 0
  while (index < bounds.length && value > bounds[index]!) index++
  return index
}

/** The counts of one histogram, and the sum of its values. */
export class Counts {
  /** By bucket; behind them the sum. */
  readonly #numbers: Float64Array
  readonly #bounds: readonly number[]

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#numbers = new Float64Array(bounds.length + 2)
  }

  get counts(): number[] {
    return Array.from(this.#numbers.subarray(0, -1))
  }

  get sum(): number {
    return this.#numbers[this.#numbers.length - 1]!
  }

  /** @returns the bucket. */
  add(value: number): number {
    const bucket = bucketOf(this.#bounds, value)
    this.#numbers[bucket]!++
    this.#numbers[this.#numbers.length - 1]! += value
    return bucket
  }
}

// From a microsecond on, eight buckets to each doubling: a value is known to within a sixteenth.
const perOctave = 8
const octaves = 32
const least = 2 ** -20
const fineBuckets = perOctave * octaves + 1

const float = new Float64Array(1)
const bits = new Uint32Array(float.buffer)
float[0] = 1
const high = bits[1] === 0 ? 0 : 1

// The exponent of a float and the first three bits behind it, as one number.
function topBits(value: number): number {
  float[0] = value
  return bits[high]! >>> 17
}

const first = topBits(least)

/** Durations in seconds, counted so finely that percentiles can be told from it. */
export class Latencies {
  readonly #counts = new Float64Array(fineBuckets)

  add(seconds: number): void {
    const index = topBits(seconds) - first
    this.#counts[index < 0 ? 0 : index >= fineBuckets ? fineBuckets - 1 : index]!++
  }

  /** By bucket, up to the last that has any. */
  get counts(): number[] {
    const last = this.#counts.findLastIndex((count) => count > 0)
    return Array.from(this.#counts.subarray(0, last + 1))
  }
}

/** The seconds below which so great a share of the durations was; 0 where there are none. */
export function percentileOf(counts: readonly number[], share: number): number {
  const total = counts.reduce((all, count) => all + count, 0)
  if (total === 0) return 0
  const wanted = Math.max(1, Math.ceil(total * share))
  let seen = 0
  const index = counts.findIndex((count) => {
    seen += count
    return seen >= wanted
  })
  const start = least * 2 ** Math.floor(index / perOctave)
  return start * (1 + ((index % perOctave) + 0.5) / perOctave)
}
