import type { IncomingMessage } from 'node:http'
import { Framing, violation } from '../core/guard.js'
import { HttpError, httpError } from '../errors.js'
import type { Arrival } from './arrived-exchange.js'

/** As many as uWebSockets.js has room for, so that a client fares alike on both. */
export const mostHeaders = 98

const framing = new Framing()
const absolute = /^https?:\/\/([^/?#]*)(.*)$/i

/** Reads the head of a request through the guard; gives the reason where it must be refused. */
export function readArrival(req: IncomingMessage): Arrival | HttpError {
  framing.reset()
  framing.version = req.httpVersion
  const { rawHeaders } = req
  // Beyond 2,000 node leaves headers out without a word; the guard must have seen each.
  if (rawHeaders.length > mostHeaders * 2) return new HttpError(431)
  const headers = new Array<string>(rawHeaders.length)
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase()
    const value = rawHeaders[index + 1]!
    headers[index] = name
    headers[index + 1] = value
    framing.add(name, value)
  }
  let target = req.url!
  const form = target.startsWith('/') ? null : absolute.exec(target)
  if (form !== null) {
    // RFC 9112, 3.2.2 has the target win over Host; two names for one request are an ambiguity all the same.
    if (form[1]!.toLowerCase() !== framing.host.toLowerCase()) {
      return httpError('BAD_FRAMING', { reason: 'the request target names another host', section: 'RFC 9112, 3.2.2' })
    }
    target = form[2]!.startsWith('/') ? form[2]! : `/${form[2]}`
  }
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const query = mark < 0 ? '' : target.slice(mark + 1)
  framing.query = query
  const method = req.method!
  return violation(method, path, framing) ?? { bodySize: framing.bodySize, headers, method, path, query }
}
