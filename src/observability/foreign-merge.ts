import type { ForeignFamily, ForeignSample } from './foreign-registry.js'

type Add = (one: number, two: number) => number

// As prom-client's own aggregation over a cluster has them; `average` is of all, and made at the end.
const ways: Readonly<Record<string, Add>> = {
  first: (one) => one,
  max: Math.max,
  min: Math.min,
}

const sum: Add = (one, two) => one + two

/** The families of other registries of several workers as one, each by the way that its metric names. */
export function addForeign(families: readonly ForeignFamily[]): readonly ForeignFamily[] {
  const byName = new Map<string, ForeignFamily[]>()
  for (const family of families) {
    if (family.aggregator === 'omit') continue
    const known = byName.get(family.name)
    if (known === undefined) byName.set(family.name, [family])
    else if (known[0]!.type === family.type) known.push(family)
  }
  return [...byName.values()].map(addAll)
}

function addAll(families: readonly ForeignFamily[]): ForeignFamily {
  const [first, ...others] = families as readonly [ForeignFamily, ...ForeignFamily[]]
  if (others.length === 0) return first
  const add = ways[first.aggregator ?? ''] ?? sum
  const samples = new Map<string, { count: number; sample: ForeignSample }>()
  for (const sample of families.flatMap((family) => family.samples)) {
    const key = `${sample.suffix} ${JSON.stringify(Object.entries(sample.labels).sort(byName))}`
    const known = samples.get(key)
    if (known === undefined) samples.set(key, { count: 1, sample })
    else
      samples.set(key, {
        count: known.count + 1,
        sample: { ...known.sample, value: add(known.sample.value, sample.value) },
      })
  }
  // Quantiles of several workers are none of all; their mean is nearer than their sum.
  const isMean = (suffix: string): boolean =>
    first.aggregator === 'average' || (first.type === 'summary' && suffix === '')
  return {
    ...first,
    samples: [...samples.values()].map(({ count, sample }) =>
      isMean(sample.suffix) ? { ...sample, value: sample.value / count } : sample,
    ),
  }
}

function byName([one]: readonly [string, unknown], [two]: readonly [string, unknown]): number {
  return one < two ? -1 : 1
}
