import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type VariantName, variantNamed } from '../_variants.js'
import { agentClient, fetchClient, freshClient, http2Client, Load, rawClient } from './_load.js'
import { AppProcess, Front } from './_restarting.js'

// The certificate of the tests is nobody's, and Fetch has no option for that.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'

/** How the second app comes to have the connections: by a front that is switched, or since both share the port. */
type Takeover = 'front' | 'port'

const cases: readonly (readonly [VariantName, Takeover])[] = [
  ['native', 'front'],
  ['native', 'port'],
  ['native+h2', 'port'],
  ['native+h2c', 'front'],
  ['native+tls', 'port'],
  ['node', 'front'],
  ['node+h2', 'front'],
  ['node+tls', 'front'],
  ['uws', 'front'],
  ['uws', 'port'],
  ['uws+tls', 'front'],
]

/** Clients of each kind, and the longest pause between two requests of the slowest: well within the grace. */
const copies = 4
const longestPause = 60

async function restart(variant: VariantName, takeover: Takeover): Promise<void> {
  const { protocol, transport, version } = variantNamed(variant)
  const options = { delay: takeover === 'front' ? 150 : 0, drain: 20_000, idleGrace: 1000 }
  const shared = takeover === 'port' ? { reusePort: true } : {}
  const first = await AppProcess.start(variant, { ...options, ...shared })
  const front = takeover === 'front' ? await Front.open() : undefined
  front?.to(first.port)
  const port = front?.port ?? first.port
  // A front that is switched leaves no new connection to the first; and uws cannot look at who waits when its listener ends.
  const fresh = takeover === 'port' && transport === 'native' ? [freshClient] : []
  const makers = version === '2' ? [http2Client] : [(url: string) => agentClient(url), fetchClient, rawClient, ...fresh]
  const load = new Load(makers, copies, { longestPause, url: `${protocol}://127.0.0.1:${port}` })
  let second: AppProcess | undefined
  try {
    await load.has(200)
    second = await AppProcess.start(variant, takeover === 'port' ? { ...options, ...shared, port } : options)
    first.kill('SIGTERM')
    if (front !== undefined) {
      await first.isUnready()
      front.to(second.port)
    }
    assert.deepEqual(await first.ended, { code: 0, signal: null })
    await load.has(load.answered + 200)
    const { answered, closing, failures } = await load.end()
    assert.deepEqual(failures, [], `of ${answered + failures.length} requests`)
    // Clients of Fetch share their connections; and of those that share a port, the second has some from the beginning.
    const told = takeover === 'front' ? copies : 1
    if (version === '1.1') assert.ok(closing >= told, `${closing} connections were told that they end`)
  } finally {
    await load.end()
    first.kill()
    second?.kill()
    await Promise.all([first.ended, second?.ended])
    front?.close()
  }
}

describe('an app that is replaced under load loses no request', { concurrency: 1 }, () => {
  for (const [variant, takeover] of cases) {
    const skip =
      variantNamed(variant).skip || (process.platform === 'win32' && 'there are no such signals, and no shared ports')
    test(`${variant}, by ${takeover === 'front' ? 'a front' : 'a shared port'}`, { skip, timeout: 60_000 }, () =>
      restart(variant, takeover),
    )
  }
})
