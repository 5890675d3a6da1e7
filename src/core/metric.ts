/** Names and values of one series' labels; names are `[a-zA-Z_][a-zA-Z0-9_]*`. */
export type MetricLabels = Readonly<Record<string, string>>

/** What led to a value: shown with it in OpenMetrics. */
export interface Exemplar {
  readonly labels: MetricLabels
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly value: number
}

/** What was counted by size, for one set of labels. */
export interface HistogramSeries {
  /** How many values each bucket has had by itself; one more than there are bounds. */
  readonly counts: readonly number[]
  /** Of buckets, by their index. */
  readonly exemplars?: Readonly<Record<number, Exemplar>>
  readonly labels: MetricLabels
  readonly sum: number
}

/** One value, for one set of labels. */
export interface ValueSeries {
  readonly labels: MetricLabels
  readonly value: number
}

interface FamilyHead {
  readonly help: string
  /** With the unit behind it (`_seconds`, `_bytes`), and `_total` for a counter. */
  readonly name: string
  /** What the workers of one app say together: `each` for itself, the highest, the lowest, or all added (the default). */
  readonly over?: 'each' | 'max' | 'min' | 'sum'
}

/** Values that were counted by size. */
export interface HistogramFamily extends FamilyHead {
  /** The most that the values of each bucket are; the last bucket, for all above, is not among them. */
  readonly bounds: readonly number[]
  readonly series: readonly HistogramSeries[]
  readonly type: 'histogram'
}

/** Values that only rise, or that rise and fall. */
export interface ValueFamily extends FamilyHead {
  readonly series: readonly ValueSeries[]
  readonly type: 'counter' | 'gauge'
}

/** All series of one name: plain data, which goes to other processes as JSON. */
export type MetricFamily = HistogramFamily | ValueFamily

/** A part of an app that has figures of its own. */
export type Meter = () => readonly MetricFamily[]

// On what is metered itself, so that what another loaded copy of the package has made is known too.
const meterKey = Symbol.for('hotpress.meter')

/**
 * Has an app's metrics tell of a part of it: a middleware, a handler. What several parts say under one name stands together,
 * series of the same labels added.
 *
 * @param read what it says when somebody asks; it must not throw.
 */
export function metered<Part extends object>(part: Part, read: Meter): Part {
  return Object.defineProperty(part, meterKey, { value: read })
}

/** What {@link metered} was given; undefined for anything else. */
export function meterOf(part: object): Meter | undefined {
  return (part as { readonly [meterKey]?: Meter })[meterKey]
}

/** A family of one value without labels. */
export function single(
  type: ValueFamily['type'],
  name: string,
  help: string,
  value: number,
  over: NonNullable<MetricFamily['over']> = 'sum',
): ValueFamily {
  return { help, name, over, series: [{ labels: {}, value }], type }
}
