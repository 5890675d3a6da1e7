import { httpError } from '../errors.js'

/** A value of a form: a text; several of one name; or, of names such as `address[city]`, a group. */
export type FormValue = string | FormValues | FormValue[]

/** The fields of a form by name. It has no prototype: a field may be called `toString`. */
export interface FormValues {
  [name: string]: FormValue
}

/** Options of `req.form()`. */
export interface FormOptions {
  /** How many brackets a name may have, as in `a[b][c]`: 5 by default. With 0 brackets have no meaning. */
  readonly depth?: number
  /** The most fields: 1,000 by default; 413 beyond. */
  readonly fields?: number
}

/**
 * Parses `application/x-www-form-urlencoded` (WHATWG URL, 5.1), with groups. `a[b]=1` is the field `b` of the group `a`,
 * `a[]=1` another value of the list `a`, as is a name that comes again. Digits in brackets are names as any other.
 *
 * @throws HttpError 400 `FORM_INVALID`, 413 `FORM_TOO_LARGE`
 */
export function parseForm(text: string, { depth = 5, fields = 1000 }: FormOptions = {}): FormValues {
  const form: FormValues = Object.create(null)
  let count = 0
  for (let start = 0; start <= text.length; ) {
    const next = text.indexOf('&', start)
    const end = next < 0 ? text.length : next
    if (end > start) {
      if (++count > fields) throw tooLarge(fields)
      const equals = text.indexOf('=', start)
      const split = equals < 0 || equals > end ? end : equals
      const name = decode(text.slice(start, split))
      put(form, name, decode(text.slice(Math.min(split + 1, end), end)), depth)
    }
    start = end + 1
  }
  return form
}

function tooLarge(limit: number): Error {
  return httpError('FORM_TOO_LARGE', { limit }, { extensions: { limit } })
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch (cause) {
    throw invalid(`${quote(text)} holds a percent-escape that is malformed or not UTF-8`, cause)
  }
}

function invalid(reason: string, cause?: unknown): Error {
  return httpError('FORM_INVALID', { reason }, { cause })
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}

/** `a[b][]` as `a`, `b` and the empty string; a name whose brackets do not pair is one name. */
function pathOf(name: string, depth: number): string[] {
  const open = name.indexOf('[')
  if (depth === 0 || open <= 0 || !name.endsWith(']')) return [name]
  const path = [name.slice(0, open)]
  for (let at = open; at < name.length; ) {
    const close = name.indexOf(']', at)
    if (name[at] !== '[' || close < 0) return [name]
    const part = name.slice(at + 1, close)
    if (part.includes('[')) return [name]
    if (path.at(-1) === '' && path.length > 1) throw invalid(`the name ${quote(name)} goes on after []`)
    path.push(part)
    if (path.length - 1 > depth) {
      throw invalid(`the name ${quote(name)} has more than ${depth} brackets`)
    }
    at = close + 1
  }
  return path
}

function put(form: FormValues, name: string, value: string, depth: number): void {
  const path = pathOf(name, depth)
  let group = form
  for (let index = 0; ; index++) {
    const key = path[index]!
    if (key === '__proto__' || (key === 'prototype' && path[index - 1] === 'constructor')) {
      throw invalid(`the name ${quote(name)} is not taken`)
    }
    const isLast = index === path.length - 1
    if (isLast || (index === path.length - 2 && path[index + 1] === '')) {
      add(group, key, value, name, !isLast)
      return
    }
    const inner = group[key] ?? (Object.create(null) as FormValues)
    group[key] = inner
    if (typeof inner === 'string' || Array.isArray(inner)) throw mixed(name)
    group = inner
  }
}

function add(group: FormValues, key: string, value: string, name: string, isList: boolean): void {
  const before = group[key]
  if (before === undefined) group[key] = isList ? [value] : value
  else if (Array.isArray(before)) before.push(value)
  else if (typeof before === 'string') group[key] = [before, value]
  else throw mixed(name)
}

function mixed(name: string): Error {
  return invalid(`the name ${quote(name)} is that of a text or a list, and of a group too`)
}
