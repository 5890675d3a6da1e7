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
  const { OTLPTraceExporter } = await (protocolOf(given, env) === 'http/json' ? packages.json() : packages.protobuf())
  const { compression, endpoint, headers, timeout } = given
  return new OTLPTraceExporter({
    // The package has names of its own for the same two words, in an enumeration that it does not export.
    ...((compression && { compression }) as object),
    ...(endpoint && { url: `${endpoint.replace(/\/+$/, '')}/v1/traces` }),
    ...(headers && { headers: { ...headers } }),
    ...(timeout && { timeoutMillis: timeout }),
  })
}

function protocolOf({ protocol }: GivenOptions, env: Environment): OtelProtocol {
  // gRPC is not among them: it would take an engine of HTTP/2 of its own.
  const protocols = ['http/json', 'http/protobuf'] as const
  if (protocol !== undefined) return protocol
  const names = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'] as const
  const name = names.find((each) => env.text(each) !== undefined)
  return (name && env.choice(name, protocols)) ?? 'http/protobuf'
}
