import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { MetricFamily, MetricsFormat, MetricsReport } from '../../src/index.js'
import { writeMetrics } from '../../src/observability/exposition.js'
import { parseExposition, sampleOf } from './_exposition-parser.js'
import { promtool, promtoolSkip } from './_promtool.js'

const formats: readonly MetricsFormat[] = ['openmetrics', 'prometheus']

const gauge = (
  series: readonly { labels: Record<string, string>; value: number }[],
  help = 'A level.',
): MetricFamily => ({
  help,
  name: 'level_bytes',
  series,
  type: 'gauge',
})

const report = (...families: readonly MetricFamily[]): MetricsReport => ({ families, foreign: [], prefix: '' })

describe('a text of metrics', () => {
  test('in OpenMetrics', () => {
    const counter: MetricFamily = {
      help: 'C.',
      name: 'c_seconds_total',
      series: [{ labels: {}, value: 2 }],
      type: 'counter',
    }
    const histogram: MetricFamily = {
      bounds: [0.5, 1, 1e6],
      help: 'H.',
      name: 'h',
      series: [
        {
          counts: [1, 0, 2, 0],
          exemplars: { 2: { labels: { trace_id: 'ab' }, timestamp: 1.5, value: 7 } },
          labels: { route: '/' },
          sum: 3.5,
        },
      ],
      type: 'histogram',
    }
    assert.equal(
      writeMetrics(report(gauge([{ labels: {}, value: 0.1 }]), counter, histogram), 'openmetrics'),
      `# HELP level_bytes A level.
# TYPE level_bytes gauge
# UNIT level_bytes bytes
level_bytes 0.1
# HELP c_seconds C.
# TYPE c_seconds counter
# UNIT c_seconds seconds
c_seconds_total 2
# HELP h H.
# TYPE h histogram
h_bucket{route="/",le="0.5"} 1
h_bucket{route="/",le="1.0"} 1
h_bucket{route="/",le="1000000.0"} 3 # {trace_id="ab"} 7 1.500
h_bucket{route="/",le="+Inf"} 3
h_sum{route="/"} 3.5
h_count{route="/"} 3
# EOF
`,
    )
  })

  test('in the format of Prometheus', () => {
    const counter: MetricFamily = {
      help: 'C.',
      name: 'c_total',
      series: [{ labels: { a: 'b' }, value: 2 }],
      type: 'counter',
    }
    assert.equal(
      writeMetrics({ ...report(counter), prefix: 'my_' }, 'prometheus'),
      '# HELP my_c_total C.\n# TYPE my_c_total counter\nmy_c_total{a="b"} 2\n',
    )
  })

  test('of nothing', () => {
    assert.equal(writeMetrics(report(gauge([])), 'openmetrics'), '# EOF\n')
    assert.equal(writeMetrics(report(gauge([])), 'prometheus'), '')
  })

  for (const format of formats) {
    test(`has whatever a label and a value say, in ${format}`, () => {
      fc.assert(
        fc.property(
          fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }),
          fc.oneof(
            fc.double(),
            fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e21, 1e-7),
          ),
          fc.string(),
          (labels, value, help) => {
            const series = [...new Set(labels)].map((text) => ({ labels: { a: text, b: '\\n"\n' }, value }))
            const said = help.replace(/[\r\v\f\u2028\u2029\u0085]/g, '') || 'help'
            const text = writeMetrics(report(gauge(series, said)), format)
            const families = parseExposition(text, format)
            for (const each of series) assert.deepEqual(sampleOf(families, 'level_bytes', each.labels), value + 0)
          },
        ),
      )
    })
  }

  test('with odd labels passes promtool', { skip: promtoolSkip }, () => {
    const series = ['\\', '"', '\n', 'é', '\u{1f600}', '{}', ' '].map((text) => ({
      labels: { a: text },
      value: Number.NaN,
    }))
    promtool(writeMetrics(report(gauge(series, 'Of "odd" \\ things\nin two lines.')), 'prometheus'))
  })
})
