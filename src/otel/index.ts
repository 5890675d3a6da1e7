export { type ErrorCode, HotpressError } from '../errors.js'
export type {
  BatchOptions,
  MetricsSource,
  OtelMetricsOptions,
  OtelOptions,
  OtelProtocol,
  PropagatorName,
  SamplerName,
} from './options.js'
export { type Otel, otel } from './otel.js'
