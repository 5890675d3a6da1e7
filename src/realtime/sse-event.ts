import { describe, HotpressError } from '../errors.js'

/** One event of a stream of server-sent events (HTML Living Standard, 9.2). */
export interface SseEvent {
  /** A text is sent as it is, line by line; anything else as JSON. An event without data is not told to the page. */
  readonly data?: unknown
  /** The name that `addEventListener()` takes in the page; `message` where there is none. */
  readonly event?: string
  /** What the client sends as `Last-Event-ID` when it comes again; the empty string to forget the last. */
  readonly id?: string
  /** Milliseconds after which a client that lost its connection comes again. */
  readonly retry?: number
}

const fields: readonly string[] = ['data', 'event', 'id', 'retry']
const newline = /\r\n|\r|\n/

/**
 * An event as it goes over the wire.
 *
 * @param given a text is an event with that data.
 * @throws HotpressError `EVENT_INVALID` for a value that could be taken for another field, or that no field can have.
 */
export function encodeEvent(given: SseEvent | string): string {
  if (typeof given === 'string') return `${dataLines(given)}\n`
  if (typeof given !== 'object' || given === null)
    refuse('value', given, 'a text, or an object of data, event, id, retry')
  for (const field of Object.keys(given)) {
    if (!fields.includes(field)) refuse('fields', field, 'data, event, id, retry')
  }
  const { data, event, id, retry } = given
  let text = ''
  if (event !== undefined) text += `event: ${line('event', event)}\n`
  if (id !== undefined) text += `id: ${line('id', id)}\n`
  if (retry !== undefined) text += retryLine(retry)
  if (data !== undefined) text += dataLines(typeof data === 'string' ? data : (JSON.stringify(data) ?? 'null'))
  return `${text}\n`
}

/** @throws HotpressError `EVENT_INVALID` */
export function retryLine(milliseconds: unknown): string {
  if (!Number.isSafeInteger(milliseconds) || (milliseconds as number) < 0) {
    refuse('retry', milliseconds, 'a whole number of milliseconds')
  }
  return `retry: ${milliseconds}\n`
}

function dataLines(data: string): string {
  // Most have one line.
  if (!/[\r\n]/.test(data)) return `data: ${data}\n`
  return data
    .split(newline)
    .map((each) => `data: ${each}\n`)
    .join('')
}

// An end of line would begin another field, and an id with a NUL is ignored by clients.
function line(field: string, value: unknown): string {
  if (typeof value !== 'string') refuse(field, value, 'a text')
  if (/[\0\r\n]/.test(value)) refuse(field, value, 'a text without CR, LF and NUL')
  return value
}

function refuse(field: string, value: unknown, takes: string): never {
  throw new HotpressError('EVENT_INVALID', { field, got: describe(value), takes })
}
