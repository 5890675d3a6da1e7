import { HttpResponse } from './response.js'

// What belongs to one connection (RFC 9110, 7.6.1) or is written anew by the transport.
const dropped = new Set(['connection', 'date', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'])

/** A Fetch `Response` as an HttpResponse; its body stays a stream. */
export function fromFetch(answer: Response): HttpResponse {
  if (answer.bodyUsed) throw new TypeError('the Fetch Response that a handler returned has been read already')
  const response = new HttpResponse(answer.body ?? undefined, undefined).status(answer.status)
  // fetch() has decoded such a body already, and left the header and the length of the coded form.
  const isDecoded = answer.url !== '' && answer.headers.has('content-encoding')
  for (const [name, value] of answer.headers) {
    if (dropped.has(name) || (isDecoded && (name === 'content-encoding' || name === 'content-length'))) continue
    response.append(name, value)
  }
  return response
}
