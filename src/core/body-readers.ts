import { Buffer } from 'node:buffer'
import { describe, httpError } from '../errors.js'
import type { RequestBody } from './body.js'
import type { BodySource } from './body-source.js'
import { rejected } from './body-waiting.js'
import { type FormOptions, type FormValues, parseForm } from './form.js'
import { parseJson } from './json.js'
import { isFormType, isJsonType, parseMediaType } from './media-type.js'
import type { BodyTools, MultipartOptions, MultipartPart } from './multipart.js'
import { type Check, checkOptions } from './options-check.js'
import { bytesOf, countOf } from './units.js'
import { utf8, utf8Strict, withoutMark } from './utf8.js'

/** A request as far as its body is concerned. */
export interface BodyRequest extends BodySource {
  /** The first value of a header; the name is lower-case. */
  header(lower: string): string | undefined
  /** All lines of a header as one; the name is lower-case. */
  headerList(lower: string): string | undefined
}

const nothing = new Uint8Array(0)

type Checks<Options> = { readonly [Name in keyof Options]-?: Check<number> }

/** The whole body; decoded where the app decodes bodies, else as it was sent. */
export function readBytes(source: BodyRequest, tools: BodyTools): Promise<Uint8Array> {
  const { body } = source
  if (body === undefined) return Promise.resolve(nothing)
  return body.rules.decodes
    ? guarded(() => whole(body, source, tools, bytesOfBody, (bytes) => bytes))
    : body.read(bytesOfBody)
}

export function readForm(source: BodyRequest, tools: BodyTools, options: FormOptions): Promise<FormValues> {
  return guarded(() => {
    const settled = checkOptions(options, formChecks, ' of form()')
    const { body } = source
    if (body === undefined) return Promise.resolve(parseForm('', settled))
    const type = source.header('content-type')
    if (type === undefined || !isFormType(type)) throw unsupportedType(type, 'application/x-www-form-urlencoded')
    const parse = (text: string): FormValues => parseForm(text, settled)
    return whole(
      body,
      source,
      tools,
      ({ text }) => parse(text),
      (bytes) => parse(withoutMark(utf8(bytes))),
    )
  })
}

export function readJson<Value>(source: BodyRequest, tools: BodyTools): Promise<Value> {
  return guarded(() => {
    const { body } = source
    if (body === undefined) return rejected(httpError('BODY_NOT_JSON', { reason: 'it is empty' }))
    if (source.isJson !== true) {
      const type = source.header('content-type')
      if (type === undefined || !isJsonType(type)) throw unsupportedType(type, 'application/json')
    }
    return whole(body, source, tools, jsonOfBody<Value>, (bytes) => jsonOf(utf8Strict(bytes)))
  })
}

export function readText(source: BodyRequest, tools: BodyTools): Promise<string> {
  const { body } = source
  if (body === undefined) return Promise.resolve('')
  return guarded(() => whole(body, source, tools, textOfBody, (bytes) => withoutMark(utf8(bytes))))
}

/** The body part by part; decoded where the app decodes bodies, else as it was sent. */
export function streamOf(source: BodyRequest, tools: BodyTools): AsyncIterableIterator<Uint8Array> {
  const { body } = source
  if (body === undefined) return emptyStream()
  const codings = body.rules.decodes ? codingsOf(body, source, tools) : []
  return codings.length === 0 ? body.stream() : decodedStream(body, codings, tools)
}

export function multipartOf(
  source: BodyRequest,
  tools: BodyTools,
  options: MultipartOptions,
): AsyncGenerator<MultipartPart, void, undefined> {
  const given = checkOptions(options, multipartChecks, ' of multipart()')
  const { body } = source
  const value = source.header('content-type')
  const type = value === undefined ? undefined : parseMediaType(value)
  if (type?.essence !== 'multipart/form-data') throw unsupportedType(value, 'multipart/form-data')
  const boundary = type.parameters.get('boundary')
  if (boundary === undefined) throw httpError('MULTIPART_INVALID', { reason: 'its content type has no boundary' })
  if (!boundaries.test(boundary)) throw httpError('MULTIPART_INVALID', { reason: 'its boundary is malformed' })
  if (body === undefined) throw httpError('MULTIPART_INVALID', { reason: 'it is empty' })
  if (!body.rules.decodes) codingsOf(body, source, tools)
  const defaults = {
    fieldSize: 1024 ** 2,
    fields: 1000,
    fileSize: body.rules.limit,
    files: 100,
    headerSize: 8192,
    parts: 1000,
  }
  return tools.multipart(streamOf(source, tools), boundary, { ...defaults, ...given })
}

const formChecks: Checks<FormOptions> = { depth: countOf, fields: countOf }

const multipartChecks: Checks<MultipartOptions> = {
  fieldSize: bytesOf,
  fields: countOf,
  fileSize: bytesOf,
  files: countOf,
  headerSize: bytesOf,
  parts: countOf,
}

// RFC 2046, 5.1.1.
const boundaries = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/

const bytesOfBody = ({ bytes }: RequestBody): Uint8Array => bytes
const textOfBody = ({ text }: RequestBody): string => text
const jsonOfBody = <Value>({ strictText }: RequestBody): Value => jsonOf(strictText)

function jsonOf<Value>(text: string | undefined): Value {
  if (text === undefined) throw httpError('BODY_NOT_JSON', { reason: 'it is not UTF-8' })
  return parseJson(withoutMark(text))
}

/** What is thrown before there is a promise comes as one: a reader never throws. */
function guarded<Value>(read: () => Promise<Value>): Promise<Value> {
  try {
    return read()
  } catch (error) {
    return rejected(error as Error)
  }
}

/**
 * Reads a whole body, which may have to be decoded first.
 *
 * @param take what is wanted of a body as it came.
 * @param convert the same of decoded bytes.
 */
function whole<Value>(
  body: RequestBody,
  source: BodyRequest,
  tools: BodyTools,
  take: (body: RequestBody) => Value,
  convert: (bytes: Uint8Array) => Value,
): Promise<Value> {
  const codings = codingsOf(body, source, tools)
  if (codings.length === 0) return body.read(take)
  body.decoded ??= collect(decodedStream(body, codings, tools))
  const value = body.decoded.then(convert)
  value.catch(() => {})
  return value
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

async function* emptyStream(): AsyncGenerator<Uint8Array, void, undefined> {}

async function* onlyPart(part: Promise<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  yield await part
}

function decodedStream(
  body: RequestBody,
  codings: readonly string[],
  tools: BodyTools,
): AsyncIterableIterator<Uint8Array> {
  if (body.decoded !== undefined) return onlyPart(body.decoded)
  return tools.decode(body.stream(), codings, body.rules.limit)
}

/** As many as are undone of one body. */
const mostCodings = 2
const none: readonly string[] = []

/**
 * The content codings of a body, in the order in which they were applied (RFC 9110, 8.4).
 *
 * @throws HttpError 415 `BODY_CODING_UNSUPPORTED`, with `Accept-Encoding` (RFC 9110, 15.5.16).
 */
function codingsOf(body: RequestBody, source: BodyRequest, tools: BodyTools): readonly string[] {
  if (source.isCoded === false) return none
  const value = source.headerList('content-encoding')
  if (value === undefined) return none
  const known = body.rules.decodes ? tools.codings : none
  const codings: string[] = []
  for (const each of value.split(',')) {
    const coding = each.trim().toLowerCase()
    if (coding === '' || coding === 'identity') continue
    codings.push(coding === 'x-gzip' ? 'gzip' : coding)
  }
  if (codings.length > mostCodings || !codings.every((coding) => known.includes(coding))) {
    const takes = known.length === 0 ? 'identity' : known.join(', ')
    const facts = { coding: describe(value), takes }
    throw httpError('BODY_CODING_UNSUPPORTED', facts, { headers: { 'accept-encoding': takes } })
  }
  return codings
}

function unsupportedType(got: string | undefined, takes: string): Error {
  const facts = { got: got === undefined ? '(none)' : describe(got), takes }
  return httpError('MEDIA_TYPE_UNSUPPORTED', facts, { headers: { accept: takes } })
}
