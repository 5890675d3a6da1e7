import { exempt } from '../core/exempt.js'
import type { Logger } from '../core/logger.js'
import { type HttpRequest, requestContext } from '../core/request.js'
import type { HttpResponse } from '../core/response.js'
import { json } from '../core/responses.js'
import type { Handler } from '../core/types.js'
import { HealthCheck, type HealthResult } from './health-check.js'
import {
  type AppHealthOptions,
  type HealthOptions,
  type HealthSettings,
  settleHealth,
  settlePaths,
} from './health-options.js'

/** What `health()` gives: handlers of GET routes. */
export interface Health {
  /** 200 for as long as the process answers at all, while the app drains too. */
  readonly live: Handler
  /** 200 where the app listens and all checks pass; else 503. */
  readonly ready: Handler
  /** 200 from the time on at which the app has listened and all checks have passed; 503 before. */
  readonly startup: Handler
}

type Found = ReadonlyMap<string, HealthResult>

/**
 * Makes handlers that tell whoever starts, stops and routes to an app how it is: Kubernetes, a load balancer. They answer
 * with JSON that names each check and how it went, are never cached, and answer while the app is at its limits. Checks run
 * when somebody asks, once within `cacheTime`. More in docs/health.md.
 *
 * `app.health()` registers all three for an app; this is for groups and routes of one's own.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 * @example
 * const { live, ready } = health({ checks: { database: () => pool.query('select 1') } })
 * internal.get('/live', live).get('/ready', ready)
 */
export function health(options: HealthOptions = {}): Health {
  const settings = settleHealth(options)
  return makeHealth(
    settings,
    settings.checks.map((each) => new HealthCheck(each)),
  )
}

function makeHealth(settings: HealthSettings, checks: readonly HealthCheck[]): Health {
  let hasStarted = false

  function report(request: HttpRequest, found: Found): HttpResponse {
    const isOk = isPassed(found)
    hasStarted ||= isOk
    const isVerbose = found.size > 0 && settings.isVerbose(request)
    const told = [...found].map(([name, result]) => [name, isVerbose ? detailsOf(result) : result.status])
    const named = found.size === 0 ? {} : { checks: Object.fromEntries(told) }
    return answer(isOk ? 200 : 503, { status: isOk ? 'ok' : 'failed', ...named })
  }

  const ready: Handler = (request) => {
    const phase = phaseOf(request)
    if (phase !== 'ready') return answer(503, { status: phase })
    const found = run(checks, requestContext(request)?.log ?? request.log)
    return found instanceof Promise ? found.then((later) => report(request, later)) : report(request, found)
  }
  return {
    live: exempt(function live() {
      return answer(200, { status: 'ok' })
    }),
    ready: exempt(ready),
    startup: exempt(function startup(request) {
      return hasStarted ? answer(200, { status: 'ok' }) : ready(request)
    }),
  }
}

/** What `app.health()` makes. */
export interface AppHealth {
  /** Paths, and the handlers for them. */
  readonly routes: readonly (readonly [path: string, handler: Handler])[]
  /** Whether all checks pass. */
  isFit(log: Logger): Promise<boolean>
}

/**
 * The routes of `app.health()`, and the same without a request.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function healthRoutes(options: AppHealthOptions): AppHealth {
  const { paths: given, ...rest } = options
  const paths = settlePaths(given)
  const settings = settleHealth(rest)
  const checks = settings.checks.map((each) => new HealthCheck(each))
  const { live, ready, startup } = makeHealth(settings, checks)
  const routes = [
    [paths.live, live],
    [paths.ready, ready],
    [paths.startup, startup],
  ] as const
  return {
    isFit: async (log) => isPassed(await run(checks, log)),
    routes: routes.filter((route): route is readonly [string, Handler] => route[0] !== false),
  }
}

function answer(status: number, body: object): HttpResponse {
  return json(body, status).header('Cache-Control', 'no-store')
}

function detailsOf({ error, status, took }: HealthResult): object {
  const reason = error === undefined ? {} : { reason: error instanceof Error ? error.message : String(error) }
  return { status, ...reason, ms: Math.round(took) }
}

function isPassed(found: Found): boolean {
  return [...found.values()].every(({ status }) => status === 'ok')
}

// Without an app there is nothing to wait for.
function phaseOf(request: HttpRequest): string {
  return requestContext(request)?.phase?.name ?? 'ready'
}

function run(checks: readonly HealthCheck[], log: Logger): Found | Promise<Found> {
  const results = checks.map((check) => [check.name, check.result(log)] as const)
  const found = new Map<string, HealthResult>()
  for (const [name, result] of results) {
    if (result instanceof Promise) return resolved(results)
    found.set(name, result)
  }
  return found
}

async function resolved(results: readonly (readonly [string, HealthResult | Promise<HealthResult>])[]): Promise<Found> {
  return new Map(await Promise.all(results.map(async ([name, result]) => [name, await result] as const)))
}
