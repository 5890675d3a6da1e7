import type { HttpResponse, ResponseBody } from '../core/response.js'

// What JavaScript and the native core tell each other by numbers that both can read and write. `native/src/bridge` has
// the same lists: control.rs, values.rs.

import type { HttpVersion } from '../core/request-source.js'

export const Event = {
  Body: 0,
  BodyEnd: 1,
  Drain: 2,
  Ended: 4,
  Gone: 3,
  HandedOff: 6,
  Log: 7,
  Raw: 8,
  Refused: 5,
} as const
/** Of slots: whether a request came beside the event loop. Those of its own connections never come so far. */
export const beside: number = 2 ** 30
/** The bits of `Control.body`. */
export const Body = { chunked: 2, coded: 8, json: 4, kind: 3 } as const
export const Control = {
  answer: 8,
  body: 4,
  connection: 20,
  extra: 22,
  flags: 10,
  isWhole: 18,
  lengthHigh: 6,
  lengthLow: 5,
  loggedLines: 25,
  loggedSize: 24,
  method: 3,
  names: 19,
  querySize: 23,
  returnedFlags: 13,
  returnedLines: 14,
  returnedStatus: 12,
  returnedUnits: 15,
  route: 2,
  secure: 21,
  serial: 1,
  slot: 0,
  status: 9,
  units: 16,
  upgrades: 11,
  within: 17,
} as const
/** By what is above the first bit of `Control.secure`. */
export const versions: readonly HttpVersion[] = ['1.1', '1.0', '1.1', '2', '3']
/** Where header lines stand among the numbers, and how much room they have, in bytes. */
export const Lines = { at: 128, size: 1024 } as const
/** Where a body stands that has come whole with its head, and how much room it has. */
export const Whole = { at: 1152, size: 4096 } as const
/** Of answers beside the loop, the body's coding too: see `later-coding`. */
export const Flag = { bodiless: 4, close: 1, complete: 8, hasId: 16, head: 2, unrouted: 2_097_152 } as const
export const Answer = { bytes: 2, empty: 3, handOff: 4, later: 8, string: 1 } as const
export const Part = { headers: 3, method: 0, path: 1, query: 2 } as const
export const methods = ['', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const

/** Bytes of the body of the request that is handed over: 0 for none, -1 for chunks. */
export function bodySize(control: Uint32Array): number {
  const kind = control[Control.body]! & Body.kind
  if (kind === 0) return 0
  return kind === Body.chunked ? -1 : control[Control.lengthHigh]! * 2 ** 32 + control[Control.lengthLow]!
}

/** The flags of an answer to a request, but for what becomes of its header lines. */
export function flagsFor({ closes, statusCode }: HttpResponse, isHead: boolean, route: string | undefined): number {
  let flags = (closes ? Flag.close : 0) | (isHead ? Flag.head : 0)
  if (statusCode < 200 || statusCode === 204 || statusCode === 304) flags |= Flag.bodiless
  return route === undefined ? flags | Flag.unrouted : flags
}

/** What an answer that goes back with the callback has for a body, a stream being none. */
export function answerKind(body: ResponseBody): number {
  if (typeof body === 'string') return Answer.string
  return body instanceof Uint8Array ? Answer.bytes : Answer.empty
}
