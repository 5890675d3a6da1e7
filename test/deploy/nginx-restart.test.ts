// Two processes behind nginx are replaced, one right after the other, while clients go on.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type VariantName, variants } from '../_variants.js'
import { freePort } from '../interop/_programs.js'
import { agentClient, http2Client, Load, rawClient } from '../lifecycle/_load.js'
import { AppProcess } from '../lifecycle/_restarting.js'
import { nginxMissing, startNginx } from './_nginx.js'

// As in the file, and shorter, so that the test is: idleGrace is longer than nginx keeps connections.
const keepalive = ['keepalive_timeout 4s;', 'keepalive_timeout 1s;'] as const
const idleGrace = 1500

async function restart(variant: VariantName): Promise<void> {
  const start = (port: number): Promise<AppProcess> =>
    AppProcess.start(variant, { drain: '10s', host: '127.0.0.1', idleGrace, port })
  const apps = [await start(await freePort()), await start(await freePort())]
  const servers = apps.map(({ port }) => `127.0.0.1:${port}`)
  const front = await startNginx(servers, [keepalive])
  const load = new Load([agentClient, http2Client, rawClient], 4, { longestPause: 100, url: front.https })
  try {
    await load.has(300)
    for (const [at, app] of apps.entries()) {
      app.kill('SIGTERM')
      assert.deepEqual(await app.ended, { code: 0, signal: null })
      apps[at] = await start(app.port)
    }
    await load.has(load.answered + 300)
    const { answered, failures } = await load.end()
    assert.deepEqual(failures, [], `of ${answered + failures.length} requests`)
  } finally {
    await load.end()
    await front.stop()
    for (const app of apps) app.kill()
    await Promise.all(apps.map(({ ended }) => ended))
  }
}

describe('processes behind nginx that are replaced under load lose no request', {
  concurrency: 1,
  skip: nginxMissing,
}, () => {
  for (const { name, skip, transport } of variants.filter((each) => each.name === each.transport)) {
    test(transport, { skip, timeout: 60_000 }, () => restart(name))
  }
})
