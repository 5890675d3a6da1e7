import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Hotpress, type HotpressOptions, type ListenOptions } from '../../src/index.js'
import { says } from '../_says.js'
import { listeningTransports } from '../_setup.js'
import { recorder } from '../contract/http/_tools.js'

const fixture = (name: string): string => fileURLToPath(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url))
const tls = { cert: fixture('cert.pem'), key: fixture('key.pem') }

function makeApp(options: HotpressOptions = {}): Hotpress {
  return new Hotpress({ logger: false, ...options })
}

describe('what a transport cannot honour', () => {
  const uwsSkip = listeningTransports.find(({ name }) => name === 'uws')!.skip
  const refusals: readonly (readonly [option: string, options: HotpressOptions, where: ListenOptions])[] = [
    ['headerLimit', { headerLimit: '65537b' }, {}],
    ['idleTimeout', { idleTimeout: '30s' }, {}],
    ['tls', {}, { tls }],
  ]
  for (const [option, options, where] of refusals) {
    test(`uws refuses ${option} and names the transport that takes it`, { skip: uwsSkip }, async () => {
      const app = makeApp({ ...options, transport: 'uws' })
      await assert.rejects(
        app.listen(where),
        says('OPTION_REFUSED', `uws cannot honour ${option}`, 'the transport node'),
      )
      // Nothing has started: routes can still be added.
      app.get('/', () => 'still')
    })

    test(`auto takes node for ${option}, with a log line`, async () => {
      const { entries, logger } = recorder()
      const app = new Hotpress({ ...options, logger })
      const address = await app.listen(where)
      assert.equal(address.transport, 'node')
      assert.match(entries.map(({ message }) => message).join('\n'), /^not serving by uws: .+\nlistening on http/)
      await app.close()
    })
  }

  test('uws takes what it can: 64 KB of headers, and its own idle time', { skip: uwsSkip }, async () => {
    const app = makeApp({ headerLimit: '64kb', idleTimeout: '10s', transport: 'uws' })
    assert.equal((await app.listen()).transport, 'uws')
    await app.close()
  })

  test('auto takes uws where nothing speaks against it', { skip: uwsSkip }, async () => {
    const { entries, logger } = recorder()
    const app = new Hotpress({ logger, transport: 'auto' })
    assert.equal((await app.listen()).transport, 'uws')
    assert.equal(entries.length, 1)
    await app.close()
  })
})
