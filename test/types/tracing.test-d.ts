// Checked by tsc alone: nothing here runs.
import { expectTypeOf } from 'expect-type'
import {
  Hotpress,
  type HttpRequest,
  type ServerTimingOptions,
  type TraceIds,
  type TracingOptions,
  traceOf,
} from 'hotpress'
import { type Otel, type OtelOptions, otel } from 'hotpress/otel'

declare const request: HttpRequest
expectTypeOf(traceOf(request)).toEqualTypeOf<TraceIds | undefined>()

const tracing: TracingOptions = {
  ignore: (asked) => asked.path === '/healthz',
  query: 'none',
  spans: ['connection', 'stream'],
  trust: 'proxies',
}
new Hotpress({ serverTiming: true, tracing })
new Hotpress({ tracing: true })
// @ts-expect-error no such span
new Hotpress({ tracing: { spans: ['middleware'] } })
// @ts-expect-error not a share of queries
new Hotpress({ tracing: { query: true } })

const timing: ServerTimingOptions = { when: ({ ip }) => ip === '127.0.0.1' }
new Hotpress({ serverTiming: timing })

const options: OtelOptions = { batch: { delay: '1s' }, propagators: ['b3'], sampler: 0.1, serviceName: 'shop' }
expectTypeOf(otel(options)).toEqualTypeOf<Promise<Otel>>()
expectTypeOf(otel).toBeCallableWith()
// @ts-expect-error by HTTP alone
otel({ protocol: 'grpc' })
