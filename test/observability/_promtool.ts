import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'

const program = process.env.PROMTOOL ?? 'promtool'
const missing = spawnSync(program, ['--version']).error

/** The reason to skip where promtool is not installed; false where it is. It comes with Debian's package `prometheus`. */
export const promtoolSkip: string | false = missing === undefined ? false : `promtool cannot be run: ${missing.message}`

/** What `promtool check metrics` says of a text; it knows the format 0.0.4 alone. */
export function promtool(text: string): void {
  const { status, stderr, stdout } = spawnSync(program, ['check', 'metrics'], { encoding: 'utf8', input: text })
  assert.equal(`${stderr}${stdout}`, '')
  assert.equal(status, 0)
}
