import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Hotpress, text } from '../../src/index.js'

test('without metrics stats() has all but requests', async () => {
  // Before its first turn Node 22 and later have counted nothing of the event loop.
  await sleep(20)
  const app = new Hotpress({ logger: false })
  const { connections, connectionsBy, eventLoop, memory, requests, uptime, webSockets } = app.stats()
  assert.deepEqual([connections, connectionsBy, requests, webSockets], [0, {}, undefined, 0])
  assert.ok(eventLoop.utilization > 0 && eventLoop.utilization <= 1)
  assert.ok(eventLoop.max >= 0 && eventLoop.p99 >= eventLoop.p50)
  assert.ok(memory.heapUsed > 0 && memory.heapUsed <= memory.heapTotal && uptime > 0)
})

test('requests are counted by class of status, whatever the metrics tell apart', async () => {
  for (const status of ['class', 'code'] as const) {
    const app = new Hotpress({ logger: false })
    app.metrics({ path: '/figures', process: false, status })
    app.get('/status/:code', ({ params }) => text('', Number(params.code)))
    for (const code of [200, 201, 302, 404, 418, 500]) await app.inject({ url: `/status/${code}` })
    const { requests } = app.stats()
    assert.deepEqual(requests!.byStatus, { '1xx': 0, '2xx': 2, '3xx': 1, '4xx': 2, '5xx': 1 })
    assert.deepEqual([requests!.total, requests!.active, requests!.aborted], [6, 0, 0])
    const { mean, p50, p999 } = requests!.latency
    assert.ok(mean > 0 && p50 > 0 && p999 >= p50)
  }
})

test('nothing was asked yet', () => {
  const app = new Hotpress({ logger: false }).metrics()
  const { byStatus, latency, perSecond, total } = app.stats().requests!
  assert.deepEqual([Object.values(byStatus), perSecond, total], [[0, 0, 0, 0, 0], 0, 0])
  assert.deepEqual(latency, { mean: 0, p50: 0, p90: 0, p99: 0, p999: 0 })
})
