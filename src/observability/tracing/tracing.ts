import type * as Api from '@opentelemetry/api'
import { earlySampling } from '../../core/early-sampling.js'
import type { Logger } from '../../core/logger.js'
import type { RequestEnd } from '../../core/observer.js'
import { missingPackage } from '../../core/peer.js'
import { type HttpRequest, sourceOf } from '../../core/request.js'
import type { RequestSource } from '../../core/request-source.js'
import type { AppTracing, Dispatch, EndObserver } from '../../core/tracing.js'
import type { ProxyTrust } from '../../core/trust.js'
import loadApi from './api.cjs'
import { endOf, nameOf, startOf } from './attributes.js'
import { ConnectionSpans } from './connection-spans.js'
import { watchFetch } from './fetch-spans.js'
import type { TracingSettings } from './options.js'
import { findSpanKey, RequestSpan, type SpanTools, UnsampledRequest } from './request-span.js'
import { tracedLogger } from './traced-logger.js'

/** What tracing needs of its app. */
export interface TracingParts {
  /** The app's logger, as it was given. */
  readonly log: Logger
  readonly trust: ProxyTrust | undefined
  readonly version: string
}

// The propagator takes what it finds somewhere in the text.
const b3 = /^(?:[01d]|(?:[0-9a-f]{16}){1,2}-[0-9a-f]{16}(?:-[01d](?:-[0-9a-f]{16})?)?)$/

// Of one name several lines are one, as they are for the propagators; more than one `traceparent` is none.
const getter: Api.TextMapGetter<RequestSource> = {
  get(source, name) {
    const value = source.headerList(name.toLowerCase())
    return name === 'b3' && value !== undefined && !b3.test(value) ? undefined : value
  },
  keys: (source) => source.headers().filter((_, index) => index % 2 === 0),
}

/**
 * Makes spans of requests by the API of OpenTelemetry, for whatever is registered with it. A request that is not recorded
 * costs its ids and its context, which what is traced within it and what it calls need to be left out of traces too.
 *
 * @throws HotpressError `PACKAGE_MISSING`
 */
export function createTracing(settings: TracingSettings, { log, trust, version }: TracingParts): AppTracing {
  const api = load()
  const { propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api
  const tracer = trace.getTracer('hotpress', version)
  const kind = Object.freeze({ kind: SpanKind.SERVER })
  const active = (): Api.Span | undefined => trace.getActiveSpan()
  const connections = settings.spans.size === 0 ? undefined : new ConnectionSpans(api, tracer, settings.spans)
  const tools: SpanTools = {
    api,
    logger: (requestId, own) => {
      const child = log.child({ requestId })
      return settings.logs ? tracedLogger(child, active, own) : child
    },
    spanKey: findSpanKey(api),
  }
  if (settings.fetch) watchFetch(api, tracer, settings.query)

  const isTrusted = (source: RequestSource): boolean =>
    settings.trust === 'proxies' ? trust?.originOf(source).isProxied === true : settings.trust

  return {
    before(dispatch: Dispatch): Dispatch {
      return (request) => sourceOf(request).trace?.run(dispatch, request) ?? dispatch(request)
    },

    began(request) {
      // What fails is the user's, or the SDK's: the request goes on without.
      try {
        return settings.ignore?.(request) === true ? undefined : begin(request)
      } catch (error) {
        log.error({ err: error }, 'a request could not be traced')
        return undefined
      }
    },

    async flush() {
      connections?.close()
      const provider = trace.getTracerProvider()
      // What is registered stands behind one of the API's own.
      const registered = 'getDelegate' in provider ? (provider as Api.ProxyTracerProvider).getDelegate() : provider
      try {
        await (registered as { forceFlush?(): Promise<void> }).forceFlush?.()
      } catch (error) {
        log.error({ err: error }, 'what was traced could not be exported')
      }
    },

    logger: (given) => (settings.logs ? tracedLogger(given, active) : given),
  }

  function begin(request: HttpRequest): EndObserver | undefined {
    const source = sourceOf(request)
    const trusted = isTrusted(source)
    const early = earlySampling()
    // Most that come from outside say nothing, and to have that found out by propagators takes a quarter of a microsecond.
    const mayTell =
      trusted && (early === undefined || early.headers.some((name) => source.headerList(name) !== undefined))
    const parent = mayTell ? propagation.extract(ROOT_CONTEXT, source, getter) : ROOT_CONTEXT
    if (early !== undefined && connections === undefined) {
      const sender = parent === ROOT_CONTEXT ? undefined : trace.getSpanContext(parent)
      const traceId = early.unsampled(sender)
      if (traceId !== undefined) {
        source.trace = new UnsampledRequest(tools, parent, sender, early, traceId)
        return undefined
      }
    }
    const companion = connections?.began(request)
    const attributes = settings.attributesAtStart ? startOf(request, settings) : undefined
    const isPlain = companion === undefined && attributes === undefined
    const options = isPlain ? kind : { ...kind, ...(attributes && { attributes }), links: linksOf(companion?.link) }
    const span = tracer.startSpan(nameOf(source.method), options, parent)
    if (!api.isSpanContextValid(span.spanContext())) {
      // Nobody makes traces: there is nothing to be within.
      companion?.end()
      return undefined
    }
    const own = new RequestSpan(tools, span, parent, companion)
    source.trace = own
    if (!own.isRecording) return companion && (() => companion.end())
    if (attributes === undefined) span.setAttributes(startOf(request, settings))
    const sender = trusted ? undefined : trace.getSpanContext(propagation.extract(ROOT_CONTEXT, source, getter))
    if (sender !== undefined) span.addLink({ context: sender })
    return ended
  }

  function ended(request: HttpRequest, end: RequestEnd): void {
    try {
      finish(request, end)
    } catch (error) {
      log.error({ err: error }, 'a span could not be ended')
    }
  }

  function finish(request: HttpRequest, end: RequestEnd): void {
    const own = sourceOf(request).trace
    if (!(own instanceof RequestSpan)) return
    const { companion, span } = own
    companion?.end()
    const { response, isAborted } = end
    const isFailed = response !== undefined && response.statusCode >= 500
    if (request.route !== undefined) span.updateName(`${nameOf(request.method)} ${request.route}`)
    span.setAttributes(endOf(request, end, settings))
    if (isFailed && response.error instanceof Error) span.recordException(response.error)
    if (isFailed || isAborted) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end()
  }
}

function linksOf(link: Api.SpanContext | undefined): Api.Link[] {
  return link === undefined ? [] : [{ context: link }]
}

function load(): typeof Api {
  try {
    return loadApi()
  } catch (error) {
    throw missingPackage(error, '@opentelemetry/api', 'tracing')
  }
}
