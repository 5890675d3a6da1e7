import { addLine, type HttpResponse } from '../core/response.js'
import type { RateLimitPolicy, RateLimitResult } from './rate-limiter.js'

/**
 * The fields `RateLimit-Policy` and `RateLimit` of one policy (draft-ietf-httpapi-ratelimit-headers-11): structured
 * lists, in which each policy of a request has a member.
 */
export class RateLimitFields {
  /** How the member of this policy begins, in both fields. */
  readonly #mark: string
  readonly #policy: string
  readonly #state: string

  constructor({ limit, name, window }: RateLimitPolicy) {
    this.#mark = `"${name}";`
    this.#policy = `${this.#mark}q=${limit};w=${Math.ceil(window / 1000)}`
    this.#state = `${this.#mark}r=`
  }

  /** Adds the members to a response, before those of the policies further in. */
  add(response: HttpResponse, result: RateLimitResult): HttpResponse {
    if (!response.has('RateLimit-Policy')) {
      addLine(response, 'RateLimit-Policy', this.#policy)
      addLine(response, 'RateLimit', this.stateOf(result))
      return response
    }
    this.#join(response, 'RateLimit-Policy', this.#policy)
    this.#join(response, 'RateLimit', this.stateOf(result))
    return response
  }

  /** The same as headers of an error. */
  headers(result: RateLimitResult): Record<string, string> {
    return { RateLimit: this.stateOf(result), 'RateLimit-Policy': this.#policy }
  }

  stateOf({ remaining, resetMs }: RateLimitResult): string {
    const state = this.#state + Math.max(0, Math.floor(remaining))
    return Number.isFinite(resetMs) ? `${state};t=${secondsOf(resetMs)}` : state
  }

  // A handler may return one response again and again: a member of this policy that is there already is of an answer
  // before, and so are those beside it.
  #join(response: HttpResponse, name: string, member: string): void {
    const others = response.header(name)
    response.header(name, others === undefined || others.includes(this.#mark) ? member : `${member}, ${others}`)
  }
}

/** Whole seconds for a time in milliseconds: never less. */
export function secondsOf(milliseconds: number): number {
  return Math.max(0, Math.ceil(milliseconds / 1000))
}
