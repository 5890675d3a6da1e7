import type { Context } from '@opentelemetry/api'
import type { Sampler } from '@opentelemetry/sdk-trace'
import type { KnownSampler } from './early.js'
import type { Environment } from './environment.js'
import { TraceIdGenerator } from './ids.js'
import { type SamplerName, samplerNames } from './options.js'
import { packages } from './packages.js'

const byRatio = ['parentbased_traceidratio', 'traceidratio'] as const

/** The sampler that was asked for, by an option or by the environment. */
export async function samplerOf(
  given: Sampler | SamplerName | number | undefined,
  env: Environment,
): Promise<KnownSampler> {
  if (typeof given === 'object') return { isParentBased: false, root: undefined, sampler: given }
  const { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler, TraceIdRatioBasedSampler } = await packages.trace()
  const { ROOT_CONTEXT, SpanKind } = await packages.api()
  const name =
    typeof given === 'number'
      ? 'parentbased_traceidratio'
      : (given ?? env.choice('OTEL_TRACES_SAMPLER', [...samplerNames, ...byRatio]) ?? 'parentbased_always_on')
  const isParentBased = name.startsWith('parentbased_')

  const known = (root: Sampler, decides: KnownSampler['root'], bound?: number): KnownSampler => ({
    bound,
    isParentBased,
    root: decides,
    sampler: isParentBased ? new ParentBasedSampler({ root }) : root,
  })
  if (name.endsWith('always_off')) return known(new AlwaysOffSampler(), () => false)
  if (name.endsWith('always_on')) return known(new AlwaysOnSampler(), () => true)
  const ratio = typeof given === 'number' ? given : (env.number(['OTEL_TRACES_SAMPLER_ARG'], 0, 1) ?? 1)
  const context: Context = ROOT_CONTEXT
  const asking =
    (sampler: Sampler) =>
    (traceId: string): boolean =>
      sampler.shouldSample(context, traceId, '', SpanKind.SERVER, {}, []).decision !== 0
  const root: Sampler = new TraceIdRatioBasedSampler(ratio)
  const isKnown = isByNumber(asking(new TraceIdRatioBasedSampler(0.5)))
  return known(root, asking(root), isKnown ? boundOf(ratio) : undefined)
}

/** Below what the number of an id is where its trace is sampled. */
function boundOf(ratio: number): number {
  return ratio === 1 ? 2 ** 32 : Math.floor(ratio * 0xffffffff)
}

// The specification leaves open how a ratio is taken of an id. Whether the SDK that is here does it as it is done here, it is
// asked: to ask it of each request costs a third of a microsecond.
function isByNumber(isHalf: (traceId: string) => boolean): boolean {
  const ids = new TraceIdGenerator()
  const bound = boundOf(0.5)
  for (let left = 256; left > 0; left--) {
    const traceId = ids.generateTraceId()
    if (isHalf(traceId) !== ids.lastNumber() < bound) return false
  }
  return true
}
