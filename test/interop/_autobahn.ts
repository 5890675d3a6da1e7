import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { Hotpress } from '../../src/index.js'
import { type Variant, type VariantName, variantNamed } from '../_setup.js'
import { run, temporaryFolder } from './_programs.js'

/** What the suite finds: of a case, and of how its connection was closed where that is another. */
type Verdict = string

/** Which verdicts are expected, by case, where that is not OK alone. */
export type Expected = Readonly<Record<string, readonly Verdict[]>>

/** What is looked at on one way to reach an app. */
export interface Look {
  /** Cases, or patterns: `7.1.*`. */
  readonly cases: readonly string[]
  readonly compression?: boolean
  /** How many cases those are. */
  readonly count: number
  readonly expected: Expected
  readonly variant: VariantName
}

// Where `.ci/run` puts it, as CONTRIBUTING.md says.
const installed = path.join(homedir(), '.local/share/autobahntestsuite/bin/wstest')
const named = process.env.HOTPRESS_WSTEST
const command = named ?? (existsSync(installed) ? installed : 'wstest')
const folder = temporaryFolder()
const absent: string | false = whyAbsent()

/** Has the Autobahn test suite look at servers that say again what they are told: one for each variant, at one time. */
export function autobahn(name: string, looks: readonly Look[]): void {
  describe(`Autobahn: ${name}`, { concurrency: true }, () => {
    for (const look of looks) {
      const variant = variantNamed(look.variant)
      const skip = variant.skip === false ? absent : variant.skip
      test(variant.name, { skip }, (context) => checkAll(variant, look, (line) => context.diagnostic(line)))
    }
  })
}

async function checkAll(variant: Variant, look: Look, tell: (line: string) => void): Promise<void> {
  const { compression = false, count, expected } = look
  const app = new Hotpress({ logger: false, transport: variant.transport })
  app.ws('/', {
    message: (socket, message) => void socket.send(message),
    options: { compression, maxBackpressure: '64mb', maxPayload: '16mb' },
  })
  const { port } = await app.listen(variant.listen)
  const url = `${variant.protocol === 'https' ? 'wss' : 'ws'}://127.0.0.1:${port}/`
  try {
    const verdicts = await verdictsOf(url, look.cases)
    assert.equal(verdicts.size, count)
    const isOther = ([id, verdict]: [string, Verdict]): boolean => !(expected[id] ?? ['OK']).includes(verdict)
    let others = [...verdicts].filter(isOther)
    // Most have a second. Who was too slow, on a machine that is busy, is asked once more.
    if (others.length > 0) {
      tell(`once more: ${others.join(' ')}`)
      const ids = others.map(([id]) => id)
      others = [...(await verdictsOf(url, ids))].filter(isOther)
    }
    tell(`${count} cases; not OK: ${[...verdicts].filter(([, verdict]) => verdict !== 'OK').join(' ')}`)
    assert.deepEqual(Object.fromEntries(others), {})
  } finally {
    await app.close()
  }
}

async function verdictsOf(url: string, cases: readonly string[]): Promise<Map<string, Verdict>> {
  const own = mkdtempSync(path.join(folder, 'run-'))
  const spec = path.join(own, 'spec.json')
  const agent = 'hotpress'
  const server = { agent, url }
  writeFileSync(
    spec,
    JSON.stringify({ cases, 'exclude-agent-cases': {}, 'exclude-cases': [], outdir: own, servers: [server] }),
  )
  const { status, stderr } = await run(command, ['-m', 'fuzzingclient', '-s', spec], {
    folder: own,
    timeout: 400_000,
  })
  assert.equal(status, 0, stderr)
  const index = JSON.parse(readFileSync(path.join(own, 'index.json'), 'utf8')) as Record<
    string,
    Record<string, { readonly behavior: Verdict; readonly behaviorClose: Verdict }>
  >
  return new Map(
    Object.entries(index[agent] ?? {}).map(([id, { behavior, behaviorClose }]) => [
      id,
      behaviorClose === behavior || behaviorClose === 'OK' ? behavior : `${behavior}, closed ${behaviorClose}`,
    ]),
  )
}

// It runs on Python 2.7, which few systems have: where it is not named, CI does without.
function whyAbsent(): string | false {
  const { error, status, stderr } = spawnSync(command, ['--autobahnversion'], { encoding: 'utf8' })
  if (status === 0) return false
  const reason = error?.message ?? stderr.trim().split('\n').at(-1)
  if (named !== undefined) throw new Error(`HOTPRESS_WSTEST names what does not run: ${reason}`)
  return `wstest of the Autobahn test suite is not installed (${reason})`
}

const informational = ['INFORMATIONAL']
const late = ['NON-STRICT']

/** What no transport has as OK: see docs/websockets.md. */
export const common: Expected = {
  // Text that is no UTF-8 is refused with its message, not in the middle of it.
  '6.4.1': late,
  '6.4.2': late,
  '6.4.3': late,
  '6.4.4': late,
  '7.1.6': informational,
  '7.13.1': informational,
  '7.13.2': informational,
}

// What came before an error in the same read is not answered. Some of it comes in single bytes, by one read or more.
const lost = ['NON-STRICT', 'OK']

/** What uws has not as OK. */
export const ofUws: Expected = {
  ...common,
  '3.2': lost,
  '3.3': lost,
  '3.4': lost,
  '4.1.3': lost,
  '4.1.4': lost,
  '4.1.5': lost,
  '4.2.3': lost,
  '4.2.4': lost,
  '4.2.5': lost,
  '5.15': lost,
}
