import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { Environment } from './environment.js'
import type { GivenOptions, OtelProtocol } from './options.js'
import { packages } from './packages.js'

/** What sends spans; undefined where nothing does. What is not given, the official exporters find in the environment. */
export async function exporterOf(given: GivenOptions, env: Environment): Promise<SpanExporter | undefined> {
  const kind = given.exporter ?? env.choice('OTEL_TRACES_EXPORTER', ['console', 'none', 'otlp']) ?? 'otlp'
  if (typeof kind === 'object') return kind
  if (kind === 'none') return undefined
  if (kind === 'console') return new (await packages.trace()).ConsoleSpanExporter()
  const isJson = protocolOf(given, env, 'TRACES') === 'http/json'
  const { OTLPTraceExporter } = await (isJson ? packages.json() : packages.protobuf())
  return new OTLPTraceExporter(otlpConfig(given, 'traces'))
}

/** What was given for the official exporters. */
export function otlpConfig(
  { compression, endpoint, headers, timeout }: GivenOptions,
  signal: 'metrics' | 'traces',
): {
  readonly headers?: Record<string, string>
  readonly timeoutMillis?: number
  readonly url?: string
} {
  return {
    // The packages have names of their own for the same two words, in an enumeration that they do not export.
    ...((compression && { compression }) as object),
    ...(endpoint && { url: `${endpoint.replace(/\/+$/, '')}/v1/${signal}` }),
    ...(headers && { headers: { ...headers } }),
    ...(timeout && { timeoutMillis: timeout }),
  }
}

export function protocolOf({ protocol }: GivenOptions, env: Environment, signal: 'METRICS' | 'TRACES'): OtelProtocol {
  // gRPC is not among them: it would take an engine of HTTP/2 of its own.
  const protocols = ['http/json', 'http/protobuf'] as const
  if (protocol !== undefined) return protocol
  const names = [`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`, 'OTEL_EXPORTER_OTLP_PROTOCOL'] as const
  const name = names.find((each) => env.text(each) !== undefined)
  return (name && env.choice(name, protocols)) ?? 'http/protobuf'
}
