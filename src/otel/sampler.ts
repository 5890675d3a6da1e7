import type { Sampler } from '@opentelemetry/sdk-trace'
import type { Environment } from './environment.js'
import { type SamplerName, samplerNames } from './options.js'
import { packages } from './packages.js'

/** The sampler that was asked for, by an option or by the environment. */
export async function samplerOf(given: Sampler | SamplerName | number | undefined, env: Environment): Promise<Sampler> {
  const { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler, TraceIdRatioBasedSampler } = await packages.trace()
  if (typeof given === 'object') return given
  if (typeof given === 'number') return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(given) })
  const byRatio = ['parentbased_traceidratio', 'traceidratio'] as const
  const name = given ?? env.choice('OTEL_TRACES_SAMPLER', [...samplerNames, ...byRatio]) ?? 'parentbased_always_on'
  const ratio = (): Sampler => new TraceIdRatioBasedSampler(env.number(['OTEL_TRACES_SAMPLER_ARG'], 0, 1) ?? 1)
  switch (name) {
    case 'always_off':
      return new AlwaysOffSampler()
    case 'always_on':
      return new AlwaysOnSampler()
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() })
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() })
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: ratio() })
    case 'traceidratio':
      return ratio()
  }
}
