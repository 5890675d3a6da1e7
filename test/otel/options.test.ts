import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HotpressError } from '../../src/index.js'
import { otel } from '../../src/otel/index.js'
import { says } from '../_says.js'

const wrong: readonly (readonly [option: string, value: unknown, ...parts: string[]])[] = [
  ['batch', 1, 'batch', '1'],
  ['batch', { delay: 'soon' }, 'delay', '"soon"'],
  ['batch', { queue: 0 }, 'queue', '0', 'a whole number from 1'],
  ['batch', { size: 10, queue: 5 }, 'size', '10', 'at most what queue has, 5'],
  ['compression', 'br', '"br"', "'gzip', 'none'"],
  ['endpoint', 'localhost:4318', '"localhost:4318"', 'http://localhost:4318'],
  ['endpoint', 4318, '4318'],
  ['exporter', 'jaeger', '"jaeger"', "'console', 'none', 'otlp' or a SpanExporter"],
  ['exporter', {}, 'an object'],
  ['headers', ['a'], 'an array', 'an object of texts'],
  ['headers', { a: 1 }, '1', 'an object of texts'],
  ['metrics', true, 'metrics'],
  ['metrics', { of: 1 }, 'of of metrics', '1', 'what metrics() has made'],
  ['metrics', { interval: 0 }, 'interval', 'more than 0'],
  ['metrics', { exporter: 'prometheus' }, '"prometheus"', 'a PushMetricExporter'],
  ['metrics', { timeout: 'soon' }, 'timeout'],
  ['onWarning', 'log', '"log"', 'a function'],
  ['propagators', 'b3', '"b3"', 'a list of b3'],
  ['propagators', ['jaeger'], '"jaeger"'],
  ['protocol', 'grpc', '"grpc"', "'http/json', 'http/protobuf'"],
  ['resource', 'a=b', '"a=b"'],
  ['resource', { a: {} }, 'an object'],
  ['sampler', 2, '2', 'a number from 0 to 1'],
  ['sampler', 'traceidratio', '"traceidratio"', 'always_off'],
  ['serviceName', '', '""', 'a text'],
  ['serviceVersion', 1, '1', 'a text'],
  ['spanProcessors', {}, 'an object', 'a list'],
  ['timeout', 0, '0', 'more than 0'],
]

describe('options of otel()', () => {
  for (const [option, value, ...parts] of wrong) {
    it(`${option} does not take ${JSON.stringify(value)}`, async () => {
      await assert.rejects(otel({ [option]: value }), says('OPTION_INVALID', `${option} of`.slice(0, 5), ...parts))
    })
  }

  it('there is none that is not known, and each has a case', async () => {
    let text = ''
    await assert.rejects(otel({ service: 'a' } as never), (error: HotpressError) => {
      text = error.message
      return says('OPTION_UNKNOWN', 'service of otel()')(error)
    })
    const known = text.split('the options are ')[1]!.split(', ')
    assert.deepEqual([...new Set(wrong.map(([option]) => option))].sort(), known.sort())
  })
})
