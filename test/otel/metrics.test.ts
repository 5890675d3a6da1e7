import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { metrics as api } from '@opentelemetry/api'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { Hotpress, metrics } from '../../src/index.js'
import { type OtelOptions, otel } from '../../src/otel/index.js'
import { says } from '../_says.js'
import { receive, type SentMetric } from './_receiver.js'

const receiver = await receive()

/** An app that has answered three requests, and counts them. */
async function measuredApp(): Promise<ReturnType<typeof metrics>> {
  const measured = metrics()
  const app = new Hotpress({ logger: false })
  app.metrics(measured)
  app.get('/users/:id', ({ params }) => params.id)
  for (const id of [1, 2, 3]) await app.inject({ url: `/users/${id}` })
  return measured
}

/** What the collector was sent of one metric by the scope `hotpress`, last. */
function last(name: string, scope = 'hotpress'): SentMetric | undefined {
  const { metrics: sent } = receiver.requests.filter(({ url }) => url === '/v1/metrics').at(-1)!
  return sent.get(scope)?.find((metric) => metric.name === name)
}

describe('metrics by otel()', () => {
  for (const protocol of ['http/json', 'http/protobuf'] as const) {
    it(`are sent by ${protocol}, with what is measured by the API`, async () => {
      const measured = await measuredApp()
      const telemetry = await otel({ endpoint: receiver.url, metrics: measured, protocol, serviceName: 'shop' })
      api.getMeter('of mine').createCounter('sold').add(2)
      await telemetry.flush()
      const { headers, resource } = receiver.requests.at(-1)!
      assert.equal(headers['content-type'], protocol === 'http/json' ? 'application/json' : 'application/x-protobuf')
      assert.equal(resource['service.name'], 'shop')
      assert.match(String(resource['service.instance.id']), /^[0-9a-f-]{36}$/)
      const [point] = last('http.server.request.duration')!.histogram!.dataPoints
      assert.equal(Number(point!.count), 3)
      const route = point!.attributes.find(({ key }) => key === 'http.route')
      assert.deepEqual(route?.value, { stringValue: '/users/:id' })
      assert.equal(last('sold', 'of mine')!.sum!.dataPoints.length, 1)
      await telemetry.shutdown()
      // What was set up is gone with it.
      assert.ok(!(api.getMeterProvider() instanceof MeterProvider))
    })
  }

  it('are sent again and again, of several apps', async () => {
    const of = [await measuredApp(), await measuredApp()]
    const telemetry = await otel({ endpoint: receiver.url, metrics: { interval: 20, of } })
    const before = receiver.requests.length
    for (let left = 500; left > 0 && receiver.requests.length < before + 3; left--) await sleep(10)
    assert.ok(receiver.requests.length >= before + 3)
    const { metrics: sent } = receiver.requests.at(-1)!
    assert.ok(sent.has('hotpress'))
    await telemetry.shutdown()
  })

  it('are sent as the environment says', async () => {
    const measured = await measuredApp()
    const sentBy = async (environment: Readonly<Record<string, string>>, options: OtelOptions = {}) => {
      const before = { ...process.env }
      const count = receiver.requests.length
      Object.assign(process.env, environment)
      try {
        const telemetry = await otel({ metrics: measured, ...options })
        await telemetry.shutdown()
      } finally {
        process.env = before
      }
      return receiver.requests.slice(count).map(({ headers, url }) => `${url} ${headers['content-type']}`)
    }
    const where = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
    assert.deepEqual(await sentBy(where), ['/v1/metrics application/x-protobuf'])
    assert.deepEqual(await sentBy({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${receiver.url}/v1/metrics` }), [
      '/v1/metrics application/x-protobuf',
    ])
    assert.deepEqual(await sentBy({ ...where, OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json' }), [
      '/v1/metrics application/json',
    ])
    assert.deepEqual(await sentBy({ ...where, OTEL_METRICS_EXPORTER: 'none' }), [])
    assert.deepEqual(await sentBy({ ...where, OTEL_SDK_DISABLED: 'true' }), [])
    assert.deepEqual(await sentBy(where, { metrics: {} }), [])
  })

  it('are not sent unless they are asked for', async () => {
    const count = receiver.requests.length
    const telemetry = await otel({ endpoint: receiver.url })
    await telemetry.shutdown()
    assert.equal(receiver.requests.length, count)
  })

  it('leave a provider of the process as it is, and say so', async () => {
    const own = new MeterProvider()
    api.setGlobalMeterProvider(own)
    try {
      await assert.rejects(otel({ metrics: metrics() }), says('TRACER_REGISTERED', 'metrics'))
      assert.equal(api.getMeterProvider(), own)
    } finally {
      api.disable()
    }
    const telemetry = await otel({ exporter: 'none' })
    await telemetry.shutdown()
  })
})
