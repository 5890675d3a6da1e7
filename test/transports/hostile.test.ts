import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { rules } from '../../src/core/guard.js'
import { listeningTransports } from '../_setup.js'
import { type Expectation, type HostileCase, hostileGroups, type Outcome } from '../contract/corpus.js'
import { bytesOf, follower, runCorpus } from '../contract/hostile.js'

interface Answer {
  readonly closed: boolean
  readonly statuses: readonly number[]
}

test('the corpus has no two cases of one name in a group, and enough of them', () => {
  for (const { cases, name } of hostileGroups) {
    assert.equal(new Set(cases.map((each) => each.name)).size, cases.length, name)
  }
  assert.ok(hostileGroups.flatMap(({ cases }) => cases).length >= 400)
})

test('docs/security.md has the table of rules', () => {
  // Without the padding that a formatter gives a table.
  const document = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8').replace(/ +\|/g, ' |')
  const rows = rules.map(
    ({ code, reason, section }) => `| ${reason} | ${code === undefined ? 400 : 501} | ${section} |`,
  )
  assert.ok(document.includes(rows.join('\n')), rows.join('\n'))
  const count = hostileGroups.flatMap(({ cases }) => cases).length
  assert.ok(document.includes(`has ${count} malformed`), `there are ${count} cases`)
})

const endings: ReadonlySet<Expectation> = new Set(['refused', 'waits'])

for (const { name: transport, skip } of listeningTransports) {
  describe(`hostile requests on ${transport}`, { skip }, () => {
    for (const { name } of hostileGroups) {
      test(name, async () => {
        const { wrong } = await runCorpus(transport, name, (each) => [{ parts: [bytesOf(each)] }], judgeWhole)
        assert.deepEqual(wrong, [])
      })

      test(`${name}, each with a request after it that must not be served`, async () => {
        const { wrong } = await runCorpus(
          transport,
          name,
          (each) => (isOver(each) ? [{ parts: [Buffer.concat([bytesOf(each), follower])] }] : []),
          (outcome, { statuses }) => judgeLoosely(outcome, statuses, 1),
        )
        assert.deepEqual(wrong, [])
      })

      test(`${name}, each twice in one packet`, async () => {
        const { wrong } = await runCorpus(
          transport,
          name,
          (each) => [{ parts: [Buffer.concat([bytesOf(each), bytesOf(each)])] }],
          (outcome, { statuses }) => judgeLoosely(outcome, statuses, 2),
        )
        assert.deepEqual(wrong, [])
      })

      // What a transport answers has a next request by right, but after chunks, which end every connection on uws.
      function isOver(each: HostileCase): boolean {
        return (
          each.node.expect === 'refused' &&
          (endings.has(each[transport].expect) || (name === 'chunks' && transport === 'uws'))
        )
      }
    }
  })
}

function judgeWhole({ answers, expect }: Outcome, answer: Answer): string | undefined {
  const got = classify(answer)
  const shown = `${answer.statuses.join(' ') || 'no answer'}, ${answer.closed ? 'closed' : 'open'}`
  const isEither = expect === 'either' && (got === 'answered' || got === 'refused')
  if (got !== expect && !isEither) return `expected to be ${expect}: ${shown}`
  if (got === 'answered' && answer.statuses.length !== answers) return `expected ${answers} answers: ${shown}`
  return undefined
}

function classify({ closed, statuses }: Answer): Expectation | 'something else' {
  const [first] = statuses
  if (first === undefined) return closed ? 'refused' : 'waits'
  if (first < 400) return 'answered'
  if (statuses.length > 1) return 'something else'
  return closed ? 'refused' : 'declined'
}

// Of bytes that are cut short, or go on, more can become of a case; but never a success that was none before.
function judgeLoosely({ answers, expect }: Outcome, statuses: readonly number[], times: number): string | undefined {
  const shown = statuses.join(' ')
  if (expect === 'refused' && statuses.length > 1) return `refused more than once: ${shown}`
  // What was waited for may be the beginning of the second.
  if (expect === 'waits' && times > 1 && statuses.filter((status) => status < 400).length === 1) return undefined
  if (expect !== 'answered' && expect !== 'either' && statuses.some((status) => status < 400))
    return `expected to be ${expect}: ${shown}`
  return statuses.length > Math.max(1, answers) * times ? `too many answers: ${shown}` : undefined
}
