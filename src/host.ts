import { createBodyTools } from './bodies/tools.js'
import { zstdDecoder } from './compression/decode.js'
import { createFileEncoder } from './compression/encode.js'
import { Deadlines } from './core/deadlines.js'
import type { Endings } from './core/endings.js'
import { HeadTemplate } from './core/head.js'
import { type Meter, meterOf } from './core/metric.js'
import { observers, type RequestObserver } from './core/observer.js'
import type { Phase } from './core/phase.js'
import type { Settings } from './core/settings.js'
import type { ErrorHandler, Handler, Middleware } from './core/types.js'
import { Dispatcher, notFound } from './dispatcher.js'
import { compressFilesOf, file } from './files/file.js'
import { fixedAnswers } from './fixed.js'
import { compose } from './middleware/compose.js'
import { filterPaths } from './middleware/path-filter.js'
import type { AppSockets } from './realtime/app-sockets.js'
import type { RouteDefinition } from './routing/route-options.js'
import type { RouteTable } from './routing/table.js'
import type { NodeBridge, TransportHost } from './transports/transport.js'

/** What was registered with an app until it starts. */
export interface AppParts {
  readonly bridge: NodeBridge | undefined
  readonly endings: Endings
  /** The app's own, outermost first. */
  readonly middleware: readonly Middleware[]
  readonly observer: RequestObserver | undefined
  readonly onError: ErrorHandler | undefined
  readonly onNotFound: Handler | undefined
  readonly phase: Phase
  readonly settings: Settings
  readonly sockets: AppSockets
  readonly table: RouteTable<RouteDefinition>
}

/** What is made of an app when it starts. */
export interface AppHost extends TransportHost {
  /** Its parts that have figures of their own. */
  readonly meters: readonly Meter[]
}

/** What is around every request, outermost first: compression has each answer as it is to go out. */
export function outerLayers(
  { compression, pathFilter, policies }: Settings,
  middleware: readonly Middleware[],
  onNotFound: Handler | undefined,
): readonly Middleware[] {
  return [
    ...(compression === undefined ? [] : [compression]),
    ...policies,
    ...(pathFilter === undefined ? [] : [filterPaths(pathFilter, onNotFound ?? notFound)]),
    ...middleware,
  ]
}

/**
 * Composes an app. The life of a request: a transport makes an HttpRequest, dispatch() matches its route and runs the chain
 * that was composed for it here, and the transport's writer sends the HttpResponse with the head that the template
 * completes.
 */
export function makeHost({
  bridge,
  endings,
  middleware,
  observer,
  onError,
  onNotFound,
  phase,
  settings,
  sockets,
  table,
}: AppParts): AppHost {
  const { accessLog, tracing } = settings
  accessLog?.open()
  // First of them: it is told of an end when all others have been.
  const observing =
    accessLog === undefined ? observer : observers(observer === undefined ? [accessLog] : [accessLog, observer])
  const fileEncoder = createFileEncoder()
  const dispatcher = new Dispatcher({
    bodyRules: { decodes: settings.decodeBody, limit: settings.bodyLimit, threshold: settings.streamThreshold },
    compressesFiles: settings.compression !== undefined,
    fileEncoder,
    instrument: settings.serverTiming,
    middleware: outerLayers(settings, middleware, onNotFound),
    onError,
    onNotFound,
    socketHandler: (route) => sockets.handlerOf(route, settings.log),
    table,
  })
  const head = new HeadTemplate(settings.defaultHeaders)
  const { matcher, unseen, wantsPath } = dispatcher
  const dispatch = sockets.before((request) => dispatcher.dispatch(request))
  const host: AppHost = {
    // Where bodies are left as they were sent, no codec is made for them.
    bodies: createBodyTools(settings.decodeBody ? zstdDecoder() : undefined),
    bridge,
    deadlines: new Deadlines(settings.requestTimeout),
    decorate: (response, request) => dispatcher.decorate(response, request),
    dispatch: tracing?.before(dispatch) ?? dispatch,
    endings,
    head,
    isExempt: dispatcher.hasExempt ? (request) => dispatcher.isExempt(request) : undefined,
    ids: settings.ids,
    log: settings.log,
    meters: [
      accessLog?.meter,
      ...[
        fileEncoder,
        ...new Set([settings.compression ?? [], settings.policies, middleware, routed(table)].flat()),
      ].map(meterOf),
    ].filter((meter) => meter !== undefined),
    observer: observing,
    // What is known of a request to JavaScript alone is none of such a line.
    ownLines:
      accessLog?.lineLog === undefined ||
      settings.ids !== undefined ||
      settings.trust !== undefined ||
      tracing !== undefined
        ? undefined
        : { log: accessLog.lineLog, observer, patterns: dispatcher.patterns },
    phase,
    responder: dispatcher.responder,
    routes: {
      // Those have ids that are made in Rust, and nobody sees them.
      fixed:
        observing !== undefined ||
        tracing !== undefined ||
        unseen === undefined ||
        bridge !== undefined ||
        settings.ids !== undefined
          ? undefined
          : fixedAnswers(unseen, head),
      matcher,
      wantsPath,
    },
    settings,
    sockets: sockets.forTransports((path) => dispatcher.servesSockets(path)),
    tracing,
    trust: settings.trust,
  }
  sockets.start({
    compose: (layers, handler) => compose(layers, handler, dispatcher.responder),
    context: host,
    file,
    policies: settings.policies,
  })
  if (settings.compression !== undefined) compressFilesOf(host, fileEncoder())
  return host
}

function routed(table: RouteTable<RouteDefinition>): readonly object[] {
  const routes = [...table.entries()].flatMap(([, methods]) => [...methods.values()])
  return routes.flatMap(({ handler, middleware }) => [handler, ...middleware])
}
