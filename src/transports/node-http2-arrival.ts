import { Framing, violation } from '../core/guard.js'
import { HttpError, httpError } from '../errors.js'
import type { Arrival } from './arrived-exchange.js'
import { mostHeaders } from './node-arrival.js'

/** What was read of a request of HTTP/2. */
export interface Http2Arrival extends Arrival {
  readonly expectsContinue: boolean
}

const framing = new Framing()

/**
 * Reads the head of a request through the guard; gives the reason where it must be refused.
 *
 * @param raw names and values one after the other, the pseudo-header fields among them.
 * @param hasBody whether anything follows the head.
 * @param headerLimit bytes of the fields together.
 */
export function readHttp2Arrival(
  raw: readonly string[],
  hasBody: boolean,
  headerLimit: number,
): Http2Arrival | HttpError {
  framing.reset()
  const headers: string[] = []
  let authority: string | undefined
  let cookieAt = -1
  let expectation: string | undefined
  let method = ''
  let target = ''
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!
    const value = raw[index + 1]!
    if (name.charCodeAt(0) === colon) {
      framing.size += name.length + value.length
      if (name === ':method') method = value
      else if (name === ':path') target = value
      else if (name === ':authority') authority = value
      else if (name === ':protocol')
        return httpError('BAD_FRAMING', { reason: 'no protocol is spoken by CONNECT', section: 'RFC 8441, 4' })
      continue
    }
    framing.add(name, value)
    if (name === 'expect') expectation = value
    // A client may split them, and a handler is to see one (RFC 9113, 8.2.3).
    if (name === 'cookie' && cookieAt >= 0) headers[cookieAt] += `; ${value}`
    else if (headers.push(name, value) && name === 'cookie') cookieAt = headers.length - 1
  }
  const error = agree(authority, headers)
  if (headers.length > mostHeaders * 2 || framing.size > headerLimit) return new HttpError(431)
  if (error !== undefined) return error
  if (expectation !== undefined && expectation.toLowerCase() !== '100-continue') return new HttpError(417)

  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const query = mark < 0 ? '' : target.slice(mark + 1)
  framing.query = query
  const refused = violation(method, path, framing)
  if (refused !== undefined) return refused
  const bodySize = !hasBody ? 0 : framing.contentLengths === 0 ? -1 : framing.bodySize
  return { bodySize, expectsContinue: expectation !== undefined, headers, method, path, query }
}

const colon = 0x3a

// Two names for one request are an ambiguity, whichever of them wins (RFC 9113, 8.3.1).
function agree(authority: string | undefined, headers: string[]): HttpError | undefined {
  if (authority === undefined) return undefined
  if (framing.hosts === 0) {
    framing.host = authority
    framing.hosts = 1
    headers.unshift('host', authority)
    return undefined
  }
  if (framing.hosts > 1 || framing.host.toLowerCase() === authority.toLowerCase()) return undefined
  return httpError('BAD_FRAMING', { reason: ':authority and Host name different hosts', section: 'RFC 9113, 8.3.1' })
}
