import type { Context } from '@opentelemetry/api'
import type { Sampler } from '@opentelemetry/sdk-trace'
import type { KnownSampler } from './early.js'
import type { Environment } from './environment.js'
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

  const known = (root: Sampler, decides: KnownSampler['root']): KnownSampler => ({
    isParentBased,
    root: decides,
    sampler: isParentBased ? new ParentBasedSampler({ root }) : root,
  })
  if (name.endsWith('always_off')) return known(new AlwaysOffSampler(), () => false)
  if (name.endsWith('always_on')) return known(new AlwaysOnSampler(), () => true)
  const ratio = typeof given === 'number' ? given : (env.number(['OTEL_TRACES_SAMPLER_ARG'], 0, 1) ?? 1)
  const root: Sampler = new TraceIdRatioBasedSampler(ratio)
  const context: Context = ROOT_CONTEXT
  return known(root, (traceId) => root.shouldSample(context, traceId, '', SpanKind.SERVER, {}, []).decision !== 0)
}
