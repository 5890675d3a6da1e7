// The "must reach" lines: what the project promises of itself, judged by every run that measured both sides.

/**
 * @typedef {object} Verdict
 * @property {string} goal
 * @property {number} most
 * @property {number | undefined} figure undefined when a side was left out of the run
 */

/** @param {Verdict} verdict */
function line({ figure, goal, most }) {
  const state = figure === undefined ? 'not run' : figure <= most ? 'reached' : 'MISSED '
  return `${state}  ${figure === undefined ? '   –' : figure.toFixed(2)} of at most ${most.toFixed(2)}  ${goal}`
}

/** @param {readonly Verdict[]} verdicts */
export const mustReach = (verdicts) => ['Must reach', ...verdicts.map(line)].join('\n')
