import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sse } from '../../src/index.js'
import { listeningTransports, start } from '../_setup.js'

// uws ends a connection by which nothing was sent for 10 to 12 s.
for (const { name, skip } of listeningTransports) {
  test(`a stream may be silent for longer than a connection may be idle: ${name}`, { skip }, async () => {
    const { address } = await start(name, (app) => {
      app.get(
        '/',
        sse(
          (_req, stream) => {
            const timer = setTimeout(() => {
              stream.send('late')
              stream.close()
            }, 16_000)
            return () => clearTimeout(timer)
          },
          { heartbeat: false },
        ),
      )
    })
    assert.equal(await (await fetch(address.url)).text(), ':\n\ndata: late\n\n')
  })
}
