import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { type HttpRequest, headerPairsOf } from '../core/request.js'
import { HttpResponse } from '../core/response.js'
import { httpError } from '../errors.js'
import { precondition, rangeHolds, readFields } from './conditional.js'
import { type ByteRange, contentRange, frameParts, parseRanges } from './ranges.js'
import { FileStream, openVersion } from './read.js'
import type { Form, Presented, StoredFile } from './stored.js'

/** The headers of a form of a file; asked for the one that is to be sent. */
export type Present = (file: StoredFile, form: Form) => Presented

/**
 * Answers a GET or HEAD with a file: preconditions, ranges, the form that the client takes. What is in memory is
 * answered at once.
 *
 * @returns undefined, later, when the file has changed since it was looked at: it is to be looked at again.
 * @throws HttpError 412, 416
 */
export function answerWith(
  request: HttpRequest,
  file: StoredFile,
  show: Present,
): HttpResponse | Promise<HttpResponse | undefined> {
  const fields = readFields(headerPairsOf(request))
  const form = file.choose(fields.acceptEncoding)
  const shown = show(file, form)
  if (fields.isConditional) {
    const status = precondition(fields, shown)
    if (status === 304) return shown.notModified.clone()
    if (status === 412) throw httpError('PRECONDITION_FAILED', { path: request.path })
  }
  // Only a GET has ranges (RFC 9110, 14.2).
  if (fields.range !== undefined && request.method === 'GET' && rangeHolds(fields.ifRange, shown, Date.now())) {
    const ranges = parseRanges(fields.range, form.size)
    if (ranges === 'unsatisfiable') {
      const headers = { 'Content-Range': `bytes */${form.size}` }
      throw httpError('RANGE_NOT_SATISFIABLE', { size: form.size }, { headers })
    }
    if (ranges !== undefined) return partial(form, shown, ranges)
  }
  return form.body === undefined ? streamed(request, form, shown) : shown.ok.clone()
}

function streamed(
  request: HttpRequest,
  form: Form,
  { ok }: Presented,
): HttpResponse | Promise<HttpResponse | undefined> {
  const { size } = form
  // Nothing is opened to say how long it is.
  if (request.method === 'HEAD') return ok.clone().header('Content-Length', String(size))
  return streamOf(form, size === 0 ? [] : [{ first: 0, last: size - 1 }], size, ok)
}

function partial(
  form: Form,
  { ok }: Presented,
  ranges: readonly ByteRange[],
): HttpResponse | Promise<HttpResponse | undefined> {
  const { body, size } = form
  const [only] = ranges
  if (ranges.length === 1 && only !== undefined) {
    const length = only.last - only.first + 1
    const part = body === undefined ? streamOf(form, ranges, length, ok) : withBody(ok, slice(body, only))
    return dress(part, (response) => response.status(206).header('Content-Range', contentRange(only, size)))
  }
  const { heads, length, tail, type } = frameParts(ranges, size, ok.contentType, randomUUID())
  const pieces = [...ranges.flatMap((range, index) => [heads[index]!, range]), tail]
  const parts =
    body === undefined
      ? streamOf(form, pieces, length, ok)
      : withBody(ok, Buffer.concat(pieces.map((piece) => (piece instanceof Uint8Array ? piece : slice(body, piece)))))
  return dress(parts, (response) => response.status(206).type(type))
}

function slice(body: Uint8Array, { first, last }: ByteRange): Uint8Array {
  return body.subarray(first, last + 1)
}

function withBody(template: HttpResponse, body: HttpResponse['body']): HttpResponse {
  const response = new HttpResponse(body, template.contentType)
  if (template.isUncompressed) response.uncompressed()
  const headers = template.headers ?? []
  for (let index = 0; index < headers.length; index += 2) response.append(headers[index]!, headers[index + 1]!)
  return response
}

async function streamOf(
  form: Form,
  parts: readonly (ByteRange | Uint8Array)[],
  length: number,
  template: HttpResponse,
): Promise<HttpResponse | undefined> {
  const handle = await openVersion(form.file)
  if (handle === undefined) return undefined
  return withBody(template, new FileStream(handle, parts)).header('Content-Length', String(length))
}

function dress(
  response: HttpResponse | Promise<HttpResponse | undefined>,
  change: (response: HttpResponse) => HttpResponse,
): HttpResponse | Promise<HttpResponse | undefined> {
  if (response instanceof HttpResponse) return change(response)
  return response.then((later) => (later === undefined ? undefined : change(later)))
}
