// h2load: many connections and streams at once, every one of them answered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Hotpress, text } from '../../src/index.js'
import { missing, run } from './_programs.js'
import { type Listener, onTargets, serve } from './_targets.js'

const requests = 20_000

const modes: readonly (readonly [name: string, listener: Listener, ...args: string[]])[] = [
  ['HTTP/1.1 over TLS', 'tls', '--h1'],
  ['HTTP/2 over TLS', 'tls', '--npn-list', 'h2', '-m', '10'],
  ['h2c', 'cleartext', '-m', '10'],
]

onTargets('h2load', missing('h2load', '--version'), (transport) => {
  const build = (app: Hotpress): void => {
    app.get('/at-once', () => text('hello'))
    app.get('/later/:id', async (req) => {
      await new Promise((resolve) => setImmediate(resolve))
      return { id: req.params.id }
    })
  }
  const servers = {
    cleartext: serve(transport, 'cleartext', build),
    tls: serve(transport, 'tls', build),
  }

  for (const [name, listener, ...args] of modes) {
    for (const path of ['/at-once', '/later/7']) {
      test(`${name}: 20,000 requests for ${path}`, async () => {
        const { url } = servers[listener as 'cleartext' | 'tls'].address
        const { stdout } = await run('h2load', ['-n', String(requests), '-c', '10', ...args, url + path])
        const told = `${requests} total, ${requests} started, ${requests} done, ${requests} succeeded, 0 failed, 0 errored`
        assert.ok(stdout.includes(told), stdout)
        assert.ok(stdout.includes(`status codes: ${requests} 2xx, 0 3xx, 0 4xx, 0 5xx`), stdout)
        // By what was asked for, and not what the program falls back to.
        assert.match(
          stdout,
          name === 'HTTP/1.1 over TLS' ? /^Application protocol: http\/1\.1/m : /^Application protocol: h2c?/m,
        )
      })
    }
  }
})
