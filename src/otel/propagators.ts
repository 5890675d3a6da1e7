import type { TextMapPropagator } from '@opentelemetry/api'
import type { PropagatorName } from './options.js'
import { packages } from './packages.js'

/** The propagators of some names, as one; of those that read the same, the last wins. */
export async function propagatorOf(names: readonly PropagatorName[]): Promise<TextMapPropagator> {
  const { CompositePropagator } = await packages.core()
  const wanted = names.includes('none') ? [] : [...new Set(names)]
  return new CompositePropagator({ propagators: await Promise.all(wanted.map(one)) })
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
