import type { HttpRequest } from './request.js'
import { sourceOf } from './request.js'

/** A content coding that a response can have (RFC 9110, 8.4.1; RFC 7932 for br, RFC 8878 for zstd). */
export type ContentCoding = 'br' | 'gzip' | 'zstd'

/** Every {@link ContentCoding}, in the order in which a server prefers them unless it is told another. */
export const contentCodings: readonly ContentCoding[] = ['br', 'zstd', 'gzip']

/** What a client thinks of each coding: thousandths, 0 for one that it refuses. */
type Weights = Readonly<Record<ContentCoding | 'identity', number>>

// Identity needs no mention to be acceptable, and whatever is mentioned comes before it.
const unmentioned = 0.5

// RFC 9110, 12.5.3: codings [ weight ]; and 12.4.2: at most three digits, and none above 1.
const member = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:[ \t]*;[ \t]*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/

// Browsers send a handful of different values. Bounded, since others may send as many as they like.
const known = new Map<string, Weights>()
const mostKnown = 64
const longestKnown = 200

function parse(header: string): Weights {
  const given = new Map<string, number>()
  for (const part of header.split(',')) {
    const [, name = '', weight = '1'] = member.exec(part.replace(/^[ \t]+|[ \t]+$/g, '')) ?? []
    const lower = name.toLowerCase()
    // RFC 9110, 8.4.1.3: x-gzip is gzip.
    const coding = lower === 'x-gzip' ? 'gzip' : lower
    if (coding !== '' && !given.has(coding)) given.set(coding, Math.round(Number(weight) * 1000))
  }
  const any = given.get('*')
  return {
    br: given.get('br') ?? any ?? 0,
    gzip: given.get('gzip') ?? any ?? 0,
    identity: given.get('identity') ?? any ?? unmentioned,
    zstd: given.get('zstd') ?? any ?? 0,
  }
}

function weightsOf(header: string): Weights {
  let weights = known.get(header)
  if (weights !== undefined) return weights
  weights = parse(header)
  if (header.length <= longestKnown) {
    // Emptied and not closed: whoever fills it with oddities must not keep the others out for ever.
    if (known.size >= mostKnown) known.clear()
    known.set(header, weights)
  }
  return weights
}

/**
 * The coding to answer in, by `Accept-Encoding` (RFC 9110, 12.5.3): the one with the client's highest weight; among
 * equals the first of `available`, and identity last. A client that sends no such header gets identity. Members that
 * are malformed or not known are as if they were not there; of two for one coding the first counts.
 *
 * @param acceptEncoding the whole field, see {@link acceptEncodingOf}.
 * @param available what can be made of the body, in the server's order.
 * @returns undefined when the client has refused identity (`identity;q=0`, or `*;q=0`) and takes nothing of what is
 * available: a 406.
 * @example
 * negotiateCoding('gzip, deflate, br', ['br', 'zstd', 'gzip']) // 'br'
 */
export function negotiateCoding(
  acceptEncoding: string | undefined,
  available: readonly ContentCoding[],
): ContentCoding | 'identity' | undefined {
  if (acceptEncoding === undefined) return 'identity'
  const weights = weightsOf(acceptEncoding)
  let best = 0
  let chosen: ContentCoding | 'identity' | undefined
  for (const coding of available) {
    if (weights[coding] > best) {
      best = weights[coding]
      chosen = coding
    }
  }
  return weights.identity > best ? 'identity' : chosen
}

/** Whether a client takes a body without any coding: always, unless it says otherwise. */
export function acceptsIdentity(acceptEncoding: string | undefined): boolean {
  return acceptEncoding === undefined || weightsOf(acceptEncoding).identity > 0
}

/** The `Accept-Encoding` of a request, several lines of it as one (RFC 9110, 5.3); undefined without any. */
export function acceptEncodingOf(request: HttpRequest): string | undefined {
  return sourceOf(request).headerList('accept-encoding')
}
