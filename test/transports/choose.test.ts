import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Hotpress, type HotpressOptions, type ListenOptions } from '../../src/index.js'
import { nativeOnly } from '../../src/transports/transport.js'
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
  const all = { name: 'native', skip: listeningTransports.find(({ name }) => name === 'native')!.skip } as const
  // What uws refuses, and which transport takes it: native where its binary is, else node where that can.
  const refusals: readonly (readonly [option: string, HotpressOptions, ListenOptions, taker: 'native' | 'node'])[] = [
    ['chunkLimit', { chunkLimit: '64kb' }, {}, 'native'],
    ['connectionOverflow', { connectionOverflow: 'wait' }, {}, 'native'],
    ['headerLimit', { headerLimit: '65537b' }, {}, 'native'],
    ['idleTimeout', { idleTimeout: '30s' }, {}, 'native'],
    ['maxConnections', { maxConnections: 10 }, {}, 'native'],
    ['maxConnectionsPerAddress', { maxConnectionsPerAddress: 10 }, {}, 'native'],
    ['maxRequestsPerConnection', { maxRequestsPerConnection: 10 }, {}, 'native'],
    ['proxyProtocol', { proxyProtocol: 'loopback' }, {}, 'native'],
    ['readTimeout', { readTimeout: '5s' }, {}, 'native'],
    ['requestLineLimit', { requestLineLimit: '1kb' }, {}, 'native'],
    ['tls', {}, { tls }, 'native'],
    ['writeTimeout', { writeTimeout: '5s' }, {}, 'native'],
  ]
  for (const [option, options, where, taker] of refusals) {
    test(`uws refuses ${option} and names the transport that takes it`, { skip: uwsSkip }, async () => {
      const app = makeApp({ ...options, transport: 'uws' })
      await assert.rejects(
        app.listen(where),
        says('OPTION_REFUSED', `uws cannot honour ${option}`, `transport ${taker}`),
      )
      // Nothing has started: routes can still be added.
      app.get('/', () => 'still')
    })

    test(`auto takes ${taker} for ${option}, with a log line`, { skip: taker === 'native' && all.skip }, async () => {
      const { entries, logger } = recorder()
      const app = new Hotpress({ ...options, logger })
      const address = await app.listen(where)
      await app.close()
      assert.equal(address.transport, taker)
      const log = entries.map(({ message }) => message).join('\n')
      assert.match(log, /^not serving by uws: .+\n(?:not serving by native: .+\n)?listening on http/)
    })
  }

  for (const option of nativeOnly) {
    test(`node refuses ${option} and names the transport that takes it`, async () => {
      const [, options] = refusals.find(([name]) => name === option)!
      const app = makeApp({ ...options, transport: 'node' })
      await assert.rejects(app.listen(), says('OPTION_REFUSED', `node cannot honour ${option}`, 'transport native'))
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
