import type { TextMapPropagator } from '@opentelemetry/api'
import type { PropagatorName } from './options.js'
import { packages } from './packages.js'

/** The propagators of some names, as one; of those that read the same, the last wins. */
export async function propagatorOf(names: readonly PropagatorName[]): Promise<TextMapPropagator> {
  const { CompositePropagator } = await packages.core()
  const wanted = names.includes('none') ? [] : [...new Set(names)]
  return new CompositePropagator({ propagators: await Promise.all(wanted.map(one)) })
}

// What is read beside them, such as `tracestate`, is read with one of them alone.
const headers: Readonly<Record<PropagatorName, readonly string[]>> = {
  b3: ['b3', 'x-b3-traceid'],
  b3multi: ['b3', 'x-b3-traceid'],
  baggage: ['baggage'],
  none: [],
  tracecontext: ['traceparent'],
}

/** The headers of which a request has one at least, if these propagators read anything of it. */
export function headersOf(names: readonly PropagatorName[]): readonly string[] {
  return [...new Set(names.flatMap((name) => headers[name]))]
}

async function one(name: PropagatorName): Promise<TextMapPropagator> {
  if (name === 'b3' || name === 'b3multi') {
    const { B3InjectEncoding, B3Propagator } = await packages.b3()
    const { MULTI_HEADER, SINGLE_HEADER } = B3InjectEncoding
    // Either reads both.
    return new B3Propagator({ injectEncoding: name === 'b3' ? SINGLE_HEADER : MULTI_HEADER })
  }
  const { W3CBaggagePropagator, W3CTraceContextPropagator } = await packages.core()
  return name === 'baggage' ? new W3CBaggagePropagator() : new W3CTraceContextPropagator()
}
