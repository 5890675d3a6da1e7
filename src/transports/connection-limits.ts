import { channel } from 'node:diagnostics_channel'
import type { HttpRequest } from '../core/request.js'
import { type HttpResponse, unshared } from '../core/response.js'
import type { TransportName } from '../core/settings.js'
import type { HandlerResult } from '../core/types.js'
import { httpError } from '../errors.js'
import { refusal } from './refusal.js'
import type { TransportHost } from './transport.js'

// Requests that never became one, and connections beyond a limit, are told of here: { reason, status, transport }.
const refusals = channel('hotpress:refused')

/** Connections beyond `maxConnections` that are taken, where something is exempt from it: for one answer each. */
const reserve = 64

/** Seconds after which who was refused may come again: by then others may have left. */
const retryAfter = '1'

const reason = 'there are too many connections'

/** Tells of a refusal whoever counts them. */
export function tellRefused(transport: TransportName, status: number, what: unknown): void {
  if (refusals.hasSubscribers) refusals.publish({ reason: what, status, transport })
}

/** What a connection beyond the limit is answered with. */
export function tooManyConnections(): HttpResponse {
  const facts = { reason, section: 'RFC 9110, 15.6.4' }
  return refusal(httpError('OVERLOADED', facts, { headers: { 'Retry-After': retryAfter } }))
}

/** Tells of a connection beyond the limit. */
export function tellTooMany(transport: TransportName): void {
  tellRefused(transport, 503, reason)
}

/** How many connections are taken beyond a limit (0 for none): those by which health is asked for. */
export function reserveOf({ isExempt }: TransportHost, most: number): number {
  return isExempt === undefined || most === 0 ? 0 : reserve
}

/**
 * What is served by a connection beyond the limit: what is exempt from it, and else nothing. Its answer is the last.
 *
 * @param isRefused whether a request is refused; by default one that is not exempt.
 */
export function overflowHost(
  host: TransportHost,
  transport: TransportName,
  isRefused: TransportHost['isExempt'] = (request) => host.isExempt?.(request) !== true,
): TransportHost {
  return {
    ...host,
    dispatch(request) {
      if (isRefused(request)) {
        tellTooMany(transport)
        return tooManyConnections()
      }
      const result = host.dispatch(request)
      return result instanceof Promise ? result.then((value) => last(host, value, request)) : unshared(result).close()
    },
  }
}

async function last(host: TransportHost, value: HandlerResult, request: HttpRequest): Promise<HttpResponse> {
  return unshared(await host.responder.settled(value, request)).close()
}
