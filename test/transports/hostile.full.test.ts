import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { listeningTransports, start, variantNamed } from '../_setup.js'
import { type HostileCase, hostileGroups, type Outcome } from '../contract/corpus.js'
import { bytesOf, runCorpus, type Sending } from '../contract/hostile.js'
import { Client } from './_server.js'

/** Requests up to this length are split at every byte, longer ones at as many places. */
const mostSplits = 120

const splitLine = /[A-Z]+ (?:\/\S* [HTP/1.]{0,8}\r?)?$/

for (const { name: transport, skip } of listeningTransports) {
  describe(`hostile requests in two parts on ${transport}`, { skip }, () => {
    for (const { name } of hostileGroups) {
      test(name, async (context) => {
        const { sent, wrong } = await runCorpus(transport, name, splits, (...all) => judge(...all, name), {
          lanes: 32,
          quiet: 30,
        })
        context.diagnostic(`${sent} splits`)
        assert.deepEqual(wrong, [])
      })
    }

    function judge(
      outcome: Outcome,
      { statuses }: { readonly statuses: readonly number[] },
      { parts }: Sending,
      { native, node, uws }: HostileCase,
      group: string,
    ): string | undefined {
      const shown = `${statuses.join(' ') || 'no answer'}, split after ${parts[0]!.length} bytes`
      // The native parser comes to the same, however the bytes are split.
      if (transport === 'native') return judgeExactly(outcome, statuses, shown)
      // Where one transport answers, the bytes begin with a request that is sound.
      const all = [native, node, uws]
      const isSound = all.some(({ expect }) => expect === 'answered') || (group === 'chunks' && transport === 'uws')
      if (!isSound && statuses.some((status) => status < 400)) return `never ${outcome.expect}: ${shown}`
      if (statuses.length > Math.max(1, ...all.map(({ answers }) => answers))) return `too many answers: ${shown}`
      // uWebSockets.js answers 505 where a request line is split after the method, or in the version.
      if (transport === 'uws' && statuses.at(-1) === 505 && splitLine.test(parts[0]!.toString('latin1')))
        return undefined
      const isPlain = all.every(({ answers, expect }) => expect === 'answered' && answers === outcome.answers)
      if (!isPlain || (statuses.length === outcome.answers && statuses[0]! < 400)) return undefined
      return `expected ${outcome.answers} answers: ${shown}`
    }
  })
}

function judgeExactly({ answers, expect }: Outcome, statuses: readonly number[], shown: string): string | undefined {
  const [first] = statuses
  const isAsExpected =
    expect === 'answered'
      ? statuses.length === answers && first! < 400
      : expect === 'waits'
        ? first === undefined
        : statuses.length === 1 && first! >= 400
  return isAsExpected ? undefined : `expected to be ${expect}, ${answers} answers: ${shown}`
}

describe('what uws waits for', { skip: variantNamed('uws').skip }, () => {
  test('is given up when the idle time is over, however slowly it comes', async () => {
    const { address } = await start('uws', (app) => {
      app.post('/', async (req) => String((await req.bytes()).byteLength))
    })
    const head = 'POST / HTTP/1.1\r\nHost: h\r\n'
    const begin = performance.now()
    const times = await Promise.all(
      [
        { first: '', next: '' },
        { first: `${head}X A: 1\r\n\r\n`, next: '' },
        { first: `${head}X-A: 1\r\n`, next: '' },
        { first: head, next: 'a: b\r\n' },
        { first: `${head}Content-Length: 1000\r\n\r\n`, next: '' },
        { first: `${head}Content-Length: 1000\r\n\r\n`, next: 'x' },
      ].map(async ({ first, next }) => {
        const client = new Client(address.port)
        client.send(first)
        const timer = setInterval(() => client.send(next), 2000)
        const limit = setTimeout(() => client.close(), 20_000)
        await client.closed
        clearInterval(timer)
        clearTimeout(limit)
        return performance.now() - begin
      }),
    )
    assert.ok(
      times.every((time) => time > 7000 && time < 15_000),
      times.map(Math.round).join(' '),
    )
  })
})

function splits(each: HostileCase): Sending[] {
  const bytes = bytesOf(each)
  const step = Math.max(1, Math.ceil((bytes.length - 1) / mostSplits))
  const sendings: Sending[] = []
  for (let at = 1; at < bytes.length; at += step) sendings.push({ parts: [bytes.subarray(0, at), bytes.subarray(at)] })
  return sendings
}
