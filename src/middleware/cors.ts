import { decorator, decoratorOf } from '../core/decorator.js'
import type { HttpRequest } from '../core/request.js'
import { requestKey } from '../core/request-key.js'
import { addLine, type HttpResponse, unshared } from '../core/response.js'
import { empty } from '../core/responses.js'
import type { Middleware, Next } from '../core/types.js'
import { varyBy } from '../core/vary.js'
import { describe, HotpressError, HttpError } from '../errors.js'
import { type Cors, isCors } from './cors-builder.js'
import { type CorsOptions, type CorsSettings, settleCors } from './cors-options.js'

type Answer = HttpResponse | Promise<HttpResponse>

/** What a browser may ask for in one preflight: all the headers of a request, by name. */
const longestAsked = 4096
const askedHeaders = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*,[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+)*$/

const allowOrigin = 'Access-Control-Allow-Origin'

/** One policy, settled. */
class CorsPolicy {
  // Of one policy: an app and a group may have another each.
  readonly #decided = requestKey<boolean>('cors')
  readonly #settings: CorsSettings

  constructor(settings: CorsSettings) {
    this.#settings = settings
  }

  /** Answers a preflight; has anything else answered, and tells the browser who may read it. */
  handle(request: HttpRequest, next: Next): Answer {
    const { origins } = this.#settings
    const isOptions = request.method === 'OPTIONS'
    if (origins.isAny && !isOptions) return then(next(), (response) => this.#openToAll(response))
    const origin = request.header('origin')
    const isPreflight =
      isOptions && origin !== undefined && request.header('access-control-request-method') !== undefined
    const allowed = this.#decide(origin, request)
    if (typeof allowed === 'boolean') return this.#answer(request, next, origin, allowed, isPreflight)
    return allowed.then((later) => this.#answer(request, next, origin, later, isPreflight))
  }

  /** Does to an answer that was made elsewhere what {@link handle} would have done. It asks nobody. */
  decorate(response: HttpResponse, request: HttpRequest): HttpResponse {
    const { origins } = this.#settings
    if (origins.isAny) return this.#openToAll(response)
    const origin = originOf(request)
    const allowed = origins.isAsked ? request.get(this.#decided) : origin !== undefined && origins.test(origin, request)
    return this.#open(response, origin, allowed === true)
  }

  #answer(
    request: HttpRequest,
    next: Next,
    origin: string | undefined,
    isAllowed: boolean,
    isPreflight: boolean,
  ): Answer {
    if (isPreflight) return this.#preflight(request, origin!, isAllowed)
    if (this.#settings.origins.isAny) return then(next(), (response) => this.#openToAll(response))
    return then(next(), (response) => this.#open(response, origin, isAllowed))
  }

  #decide(origin: string | undefined, request: HttpRequest): boolean | Promise<boolean> {
    if (origin === undefined) return false
    const { origins } = this.#settings
    if (!origins.isAsked) return origins.test(origin, request)
    try {
      const allowed = origins.test(origin, request)
      if (typeof allowed === 'boolean') return this.#note(allowed, request)
      return allowed.then((later) => this.#note(later, request), fail)
    } catch (thrown) {
      return fail(thrown)
    }
  }

  // For answers that are made elsewhere: nobody is asked twice.
  #note(isAllowed: boolean, request: HttpRequest): boolean {
    request.set(this.#decided, isAllowed)
    return isAllowed
  }

  // Fetch, 3.3.5. What is not allowed has no headers: the browser refuses it, and says why to whoever writes the page.
  #preflight(request: HttpRequest, origin: string, isAllowed: boolean): HttpResponse {
    const { credentials, headers, maxAge, methods, origins, privateNetwork } = this.#settings
    const response = empty()
    const vary = ['Origin', 'Access-Control-Request-Method']
    const asked = headers === undefined ? request.header('access-control-request-headers') : undefined
    if (headers === undefined) vary.push('Access-Control-Request-Headers')
    if (privateNetwork) vary.push('Access-Control-Request-Private-Network')
    response.append('Vary', vary.join(', '))
    if (!isAllowed) return response
    response.append(allowOrigin, origins.isAny ? '*' : origin)
    if (credentials) response.append('Access-Control-Allow-Credentials', 'true')
    response.append('Access-Control-Allow-Methods', methods)
    if (headers !== undefined) response.append('Access-Control-Allow-Headers', headers)
    else if (asked !== undefined && asked.length <= longestAsked && askedHeaders.test(asked)) {
      response.append('Access-Control-Allow-Headers', asked)
    }
    if (maxAge !== undefined) response.append('Access-Control-Max-Age', maxAge)
    if (privateNetwork && request.header('access-control-request-private-network') === 'true') {
      response.append('Access-Control-Allow-Private-Network', 'true')
    }
    return response
  }

  // On a response of this request alone: a handler may return the same one on a route that is not open to all.
  #openToAll(response: HttpResponse): HttpResponse {
    if (response.has(allowOrigin)) return response
    const answer = unshared(response)
    addLine(answer, allowOrigin, '*')
    const { exposeHeaders } = this.#settings
    if (exposeHeaders !== undefined) addLine(answer, 'Access-Control-Expose-Headers', exposeHeaders)
    return answer
  }

  #open(response: HttpResponse, origin: string | undefined, isAllowed: boolean): HttpResponse {
    varyBy(response, 'Origin')
    // What the handler, or a policy further in, has said is said.
    if (!isAllowed || response.has(allowOrigin)) return response
    const answer = unshared(response)
    const { credentials, exposeHeaders } = this.#settings
    addLine(answer, allowOrigin, origin!)
    if (credentials) addLine(answer, 'Access-Control-Allow-Credentials', 'true')
    if (exposeHeaders !== undefined) addLine(answer, 'Access-Control-Expose-Headers', exposeHeaders)
    return answer
  }
}

// Whatever a function throws is a failure of the server, and none of the client's business: a `status` of its own, such as
// that of a service it has asked, is not this request's.
function fail(cause: unknown): never {
  throw new HttpError(500, undefined, { cause, headers: { Vary: 'Origin' } })
}

function originOf(request: HttpRequest): string | undefined {
  try {
    return request.header('origin')
  } catch {
    // The request is over, and with it its headers.
    return undefined
  }
}

function then(response: Answer, change: (response: HttpResponse) => HttpResponse): Answer {
  return response instanceof Promise ? response.then(change) : change(response)
}

/**
 * Lets pages of other origins read answers (CORS, the Fetch standard), errors, 404 and 405 included, and answers
 * preflights before any route, authentication or rate limit sees them. What a handler sets itself stays.
 *
 * For a whole app use its option `cors`, which is outermost. Of several around one route the innermost alone is in force.
 *
 * @throws HotpressError `OPTION_INVALID` for an origin that no browser would send, and for `*` with credentials;
 * `OPTION_UNKNOWN`.
 * @example
 * api.use(cors({ credentials: true, maxAge: 86_400, origins: ['https://app.example.com', 'https://*.example.org'] }))
 */
export function cors(options: Cors | CorsOptions = {}): Middleware {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new HotpressError('OPTION_INVALID', {
      got: describe(options),
      option: 'cors',
      takes: 'true, false, an object or a Cors',
    })
  }
  const policy = new CorsPolicy(settleCors(isCors(options) ? options.options : options))
  return decorator(
    function cors(request, next) {
      return policy.handle(request, next)
    },
    (response, request) => policy.decorate(response, request),
    'cors',
  )
}

/**
 * The layers that decorate answers, with another policy of CORS among them.
 *
 * @param policies of the app.
 * @param options as of the app's option `cors`: undefined for what is there, false for none.
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function corsPolicies(options: unknown): (policies: readonly Middleware[]) => readonly Middleware[] {
  const own =
    options === undefined || options === false ? undefined : cors(options === true ? {} : (options as CorsOptions))
  return (policies) => {
    const decorators = policies.filter((policy) => decoratorOf(policy) !== undefined)
    if (options === undefined) return decorators
    const others = decorators.filter((policy) => policy.name !== cors.name)
    return own === undefined ? others : [...others, own]
  }
}
