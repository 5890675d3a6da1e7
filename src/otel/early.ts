import type { ContextManager } from '@opentelemetry/api'
import type { Sampler } from '@opentelemetry/sdk-trace'
import type { EarlySampling, SenderContext } from '../core/early-sampling.js'
import type { TraceIdGenerator } from './ids.js'

/** A sampler, and what of its decisions is known without it. */
export interface KnownSampler {
  /** Of a ratio: what `lastNumber()` of an id is below where its trace is sampled; undefined where `root` has to be asked. */
  readonly bound?: number | undefined
  /** Of what begins here, by its trace's id; undefined where only the sampler knows. */
  readonly root: ((traceId: string) => boolean) | undefined
  readonly sampler: Sampler
  /** Whether what has a parent is decided as that was. */
  readonly isParentBased: boolean
}

/**
 * Undefined for a sampler that may look at anything.
 *
 * @param headers those without all of which the propagators read nothing, in lower case.
 */
export function earlySamplingOf(
  { bound, isParentBased, root }: KnownSampler,
  ids: TraceIdGenerator,
  manager: ContextManager,
  headers: readonly string[],
): EarlySampling | undefined {
  if (root === undefined) return undefined
  return {
    contexts: manager as EarlySampling['contexts'],
    headers,
    spanId: () => ids.generateSpanId(),
    unsampled(sender: SenderContext | undefined) {
      if (sender !== undefined) {
        const isSampled = isParentBased ? (sender.traceFlags & 1) === 1 : root(sender.traceId)
        return isSampled ? undefined : sender.traceId
      }
      const traceId = ids.generateTraceId()
      if (!(bound === undefined ? root(traceId) : ids.lastNumber() < bound)) return traceId
      // The SDK comes to the same decision by the same id.
      ids.reuse(traceId)
      return undefined
    },
  }
}
