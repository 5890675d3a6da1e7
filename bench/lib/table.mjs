/**
 * Lines of a table in plain text: the first column flush left, the others flush right.
 *
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
export function table(head, rows) {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column].length)))
  const line = (/** @type {readonly string[]} */ cells) =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  ')
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

/** What a cell says when it was not measured. */
export const none = '–'

/** @param {number | undefined} value */
export const ratio = (value) => (value === undefined ? none : value.toFixed(2))

/** @param {number} microseconds 0 is autocannon's, which counts whole milliseconds */
export const latency = (microseconds) => {
  if (microseconds === 0) return '< 1 ms'
  return microseconds < 1_000 ? `${microseconds.toFixed(0)} µs` : `${(microseconds / 1_000).toFixed(2)} ms`
}

/** @param {number} count */
export const thousands = (count) => Math.round(count).toLocaleString('en-US')
