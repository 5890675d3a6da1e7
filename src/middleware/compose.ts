import type { HttpRequest } from '../core/request.js'
import { HttpResponse } from '../core/response.js'
import { isThenable } from '../core/thenable.js'
import type { Responder } from '../core/to-response.js'
import type { Chain, Handler, HandlerResult, Middleware, OpenChain } from '../core/types.js'
import { HotpressError } from '../errors.js'

/**
 * Composes a handler and its middleware into one function, once, at start. The first middleware is outermost. Whatever
 * a layer returns or throws is a response by the time that the next layer out sees it; a chain whose layers are all
 * synchronous makes no promise.
 */
export function compose(middleware: readonly Middleware[], handler: Handler, responder: Responder): Chain {
  const open = composeOpen(middleware, handler, responder)
  return (request) => close(open(request), request, responder)
}

/** The same, with what the outermost layer promises left as it is. */
export function composeOpen(middleware: readonly Middleware[], handler: Handler, responder: Responder): OpenChain {
  return middleware.reduceRight<OpenChain>((inner, layer) => wrap(layer, inner, responder), last(handler, responder))
}

function last(handler: Handler, responder: Responder): OpenChain {
  return (request) => {
    let value: HandlerResult | Promise<HandlerResult>
    try {
      value = handler(request)
    } catch (thrown) {
      return responder.failed(thrown, request)
    }
    return finish(value, request, responder)
  }
}

function wrap(layer: Middleware, inner: OpenChain, responder: Responder): OpenChain {
  return (request) => {
    let isCalled = false
    const next = (): HttpResponse | Promise<HttpResponse> => {
      if (isCalled) throw new HotpressError('NEXT_TWICE', { name: layer.name || 'without a name' })
      isCalled = true
      return close(inner(request), request, responder)
    }
    let value: HandlerResult | Promise<HandlerResult>
    try {
      value = layer(request, next)
    } catch (thrown) {
      return responder.failed(thrown, request)
    }
    return finish(value, request, responder)
  }
}

function finish(
  value: HandlerResult | Promise<HandlerResult>,
  request: HttpRequest,
  responder: Responder,
): HttpResponse | Promise<HandlerResult> {
  if (value instanceof HttpResponse) return value
  if (value instanceof Promise) return value
  return isThenable(value) ? Promise.resolve(value) : responder.settled(value, request)
}

function close(
  result: HttpResponse | Promise<HandlerResult>,
  request: HttpRequest,
  responder: Responder,
): HttpResponse | Promise<HttpResponse> {
  if (result instanceof HttpResponse) return result
  return result.then(
    (value) => (value instanceof HttpResponse ? value : responder.settled(value, request)),
    (thrown) => responder.failed(thrown, request),
  )
}
