import { networkOf } from '../core/addresses.js'
import { limit } from '../core/exempt.js'
import type { Logger } from '../core/logger.js'
import { type MetricFamily, metered } from '../core/metric.js'
import { problem } from '../core/problem.js'
import type { HttpRequest } from '../core/request.js'
import type { HttpResponse } from '../core/response.js'
import { isThenable } from '../core/thenable.js'
import type { Middleware, Next } from '../core/types.js'
import { describe, HotpressError, httpError } from '../errors.js'
import { RateLimitFields, secondsOf } from './rate-limit-fields.js'
import { type RateLimitOptions, type RateLimitSettings, settleRateLimit } from './rate-limit-options.js'
import type { RateLimiter, RateLimitResult } from './rate-limiter.js'

type Answer = HttpResponse | Promise<HttpResponse>

/** Whether a limiter fails, whichever policy has seen it: one log line when it begins, one when it ends. */
interface Health {
  isFailing: boolean
}

const healths = new WeakMap<RateLimiter, Health>()

// The networks of IPv6 addresses: to parse one costs more than all the rest.
const networks = new Map<string, string>()
const mostNetworks = 4096

/** One policy. */
class RateLimit {
  readonly #fields: RateLimitFields
  readonly #health: Health
  #failed = 0
  #refused = 0
  readonly #settings: RateLimitSettings

  constructor(settings: RateLimitSettings) {
    this.#fields = new RateLimitFields(settings.policy)
    this.#health = healths.get(settings.limiter) ?? { isFailing: false }
    this.#settings = settings
    healths.set(settings.limiter, this.#health)
  }

  /** How often it has refused, and how often its limiter has failed. */
  families(): readonly MetricFamily[] {
    const labels = { policy: this.#settings.policy.name }
    const counter = (name: string, help: string, value: number): MetricFamily => ({
      help,
      name,
      series: [{ labels, value }],
      type: 'counter',
    })
    return [
      counter('hotpress_rate_limit_failures_total', 'Requests whose rate limiter has failed.', this.#failed),
      counter('hotpress_rate_limit_refused_total', 'Requests that a rate limit has refused.', this.#refused),
    ]
  }

  handle(request: HttpRequest, next: Next): Answer {
    const { cost, key, skip } = this.#settings
    if (skip?.(request) === true) return next()
    const who = key === undefined ? addressKey(request.ip) : key(request)
    const price = typeof cost === 'number' ? cost : cost(request)
    if (!isThenable(who) && !isThenable(price)) return this.#ask(who, price, request, next)
    return Promise.all([who, price]).then(([each, units]) => this.#ask(each, units, request, next))
  }

  #ask(key: string | undefined, cost: number, request: HttpRequest, next: Next): Answer {
    if (key === undefined) return next()
    check(key, cost)
    const { limiter, policy, prefix } = this.#settings
    let result: RateLimitResult | Promise<RateLimitResult>
    try {
      result = limiter.consume(prefix === '' ? key : prefix + key, cost, policy)
    } catch (error) {
      return this.#fail(error, request, next)
    }
    if (!isThenable(result)) return this.#settle(result, request, next)
    return Promise.resolve(result).then(
      (later) => this.#settle(later, request, next),
      (error) => this.#fail(error, request, next),
    )
  }

  #fail(error: unknown, request: HttpRequest, next: Next): Answer {
    this.#failed++
    this.#note(error, request.log)
    if (this.#settings.failOpen) return next()
    // Not thrown: what is thrown with such a status is logged each time.
    return problem(httpError('RATE_LIMIT_UNAVAILABLE', {}, { cause: error }), request.id)
  }

  #note(failure: unknown, log: Logger): void {
    const isFailing = failure !== undefined
    if (this.#health.isFailing === isFailing) return
    this.#health.isFailing = isFailing
    const { name } = this.#settings.policy
    if (isFailing) log.warn({ err: failure, policy: name }, 'the rate limiter fails')
    else log.info({ policy: name }, 'the rate limiter works again')
  }

  #settle(result: RateLimitResult, request: HttpRequest, next: Next): Answer {
    if (typeof result?.allowed !== 'boolean') {
      return this.#fail(new TypeError(`the limiter answered ${describe(result)}`), request, next)
    }
    if (this.#health.isFailing || result.failure !== undefined) this.#note(result.failure, request.log)
    if (!result.allowed) {
      this.#refused++
      throw this.#refusal(result)
    }
    const response = next()
    if (!this.#settings.headers) return response
    return response instanceof Promise
      ? response.then((later) => this.#fields.add(later, result))
      : this.#fields.add(response, result)
  }

  #refusal(result: RateLimitResult): Error {
    const { limit, name, window } = this.#settings.policy
    const headers = this.#settings.headers ? this.#fields.headers(result) : {}
    if (Number.isFinite(result.resetMs)) headers['Retry-After'] = String(secondsOf(result.resetMs))
    const extensions = { 'violated-policies': [name] }
    return httpError('RATE_LIMITED', { limit, window: window / 1000 }, { extensions, headers })
  }
}

/**
 * Limits how much each client may ask for within a time, with a 429 (RFC 6585, 4) beyond: by a sliding window or a token
 * bucket, in memory or in Redis, for an app, a group or a route. Answers carry `RateLimit` and `RateLimit-Policy`
 * (draft-ietf-httpapi-ratelimit-headers), a 429 `Retry-After` too. More in docs/rate-limiting.md.
 *
 * For a whole app use its option `rateLimit`, which is in front of all of `app.use()` and behind CORS.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 * @example
 * app.post('/login', { use: rateLimit({ limit: 5, window: '1m' }) }, login)
 */
export function rateLimit(options: RateLimitOptions): Middleware {
  return createRateLimit(options)
}

/** @param name the policy's where the options have none. */
export function createRateLimit(options: RateLimitOptions, name?: string): Middleware {
  const made = new RateLimit(settleRateLimit(options, name))
  const middleware: Middleware = limit(function rateLimit(request, next): Answer {
    return made.handle(request, next)
  })
  return metered(middleware, () => made.families())
}

/** What stands for a client by default: its IPv4 address, or the network of its IPv6 address. */
function addressKey(ip: string): string {
  if (!ip.includes(':')) return ip
  let network = networks.get(ip)
  if (network === undefined) {
    network = networkOf(ip, 64)
    if (networks.size >= mostNetworks) networks.clear()
    networks.set(ip, network)
  }
  return network
}

function check(key: unknown, cost: number): asserts key is string {
  if (typeof key !== 'string') {
    throw new HotpressError('OPTION_INVALID', {
      got: describe(key),
      option: 'key of rateLimit',
      takes: 'a function that returns a text, or undefined',
    })
  }
  if (!Number.isSafeInteger(cost) || cost < 0) {
    throw new HotpressError('OPTION_INVALID', {
      got: describe(cost),
      option: 'cost of rateLimit',
      takes: 'a function that returns a whole number from 0',
    })
  }
}
