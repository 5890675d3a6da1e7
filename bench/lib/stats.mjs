/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * A list turned so that another element comes first: run in this order, no one is always the first or the last of a
 * round.
 *
 * @template T
 * @param {readonly T[]} list
 * @param {number} by
 */
export const rotated = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)]

/**
 * The quotients of two series taken side by side. Figures of one round share the machine's mood of that minute, so the
 * median of their quotients is steadier than the quotient of their medians.
 *
 * @param {readonly number[]} values
 * @param {readonly number[]} bases
 */
export const medianRatio = (values, bases) => median(values.map((value, round) => value / bases[round]))

/**
 * The value that such a share of all stays at or below.
 *
 * @param {readonly number[]} values
 * @param {number} share
 */
export function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
