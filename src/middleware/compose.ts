import type { HttpRequest } from '../core/request.js'
import { HttpResponse } from '../core/response.js'
import { isThenable } from '../core/thenable.js'
import type { Responder } from '../core/to-response.js'
import type { Chain, Handler, HandlerResult, Middleware } from '../core/types.js'
import { HotpressError } from '../errors.js'

/**
 * Composes a handler and its middleware into one function, once, at start. The first middleware is outermost. Whatever
 * a layer returns or throws is a response by the time that the next layer out sees it; a chain whose layers are all
 * synchronous makes no promise.
 */
export function compose(middleware: readonly Middleware[], handler: Handler, responder: Responder): Chain {
  return middleware.reduceRight<Chain>((inner, layer) => wrap(layer, inner, responder), last(handler, responder))
}

function last(handler: Handler, responder: Responder): Chain {
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

function wrap(layer: Middleware, inner: Chain, responder: Responder): Chain {
  return (request) => {
    let isCalled = false
    const next = (): HttpResponse | Promise<HttpResponse> => {
      if (isCalled) throw new HotpressError('NEXT_TWICE', { name: layer.name || 'without a name' })
      isCalled = true
      return inner(request)
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
): HttpResponse | Promise<HttpResponse> {
  if (value instanceof HttpResponse) return value
  if (!isThenable(value)) return responder.settled(value, request)
  const later = value instanceof Promise ? value : Promise.resolve(value)
  return later.then(
    (result) => (result instanceof HttpResponse ? result : responder.settled(result, request)),
    (thrown) => responder.failed(thrown, request),
  )
}
