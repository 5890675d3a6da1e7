import { httpError } from '../errors.js'
import { findJsonError } from './json-error.js'

// What a text must hold for one of the keys to be in it: the key as it is, or an escape of one of its characters, which
// are the letters and the underscore (U+005F, U+0061 to U+007A).
const escapes = /\\u00[567]/
const key = /"(?:__proto__|constructor)"/

/**
 * Parses JSON (RFC 8259). A key that would reach the prototype of an object that is merged with it later is refused:
 * `__proto__`, and `constructor` with a `prototype` in it, however they are spelt.
 *
 * @throws HttpError 400 `BODY_NOT_JSON` with the reason and, for a syntax error, the position.
 */
export function parseJson<Value>(text: string): Value {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw syntaxError(text, error)
  }
  const poison = mayPoison(text) ? findPoison(value) : undefined
  if (poison !== undefined) throw httpError('BODY_NOT_JSON', { reason: `the key ${poison} is not taken` })
  return value as Value
}

// Three searches for a fixed text, each a fraction of the time of one regular expression, tell the ordinary body apart.
function mayPoison(text: string): boolean {
  if (text.includes('\\u00') && escapes.test(text)) return true
  return (text.includes('__proto__"') || text.includes('constructor"')) && key.test(text)
}

/** The first key of parsed JSON that would reach the prototype of an object that is merged with it, for a message. */
export function findPoison(root: unknown): string | undefined {
  // With a list of its own and not by recursion: a body may nest a million deep.
  const waiting: unknown[] = [root]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value !== 'object' || value === null) continue
    if (Array.isArray(value)) {
      for (const item of value) waiting.push(item)
      continue
    }
    for (const [name, member] of Object.entries(value)) {
      if (name === '__proto__') return '"__proto__"'
      if (name === 'constructor' && hasPrototype(member)) return '"constructor" with a "prototype"'
      waiting.push(member)
    }
  }
  return undefined
}

function hasPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
}

function syntaxError(text: string, cause: unknown): Error {
  if (text === '') return httpError('BODY_NOT_JSON', { reason: 'it is empty' }, { cause })
  const { offset, what } = findJsonError(text)
  const before = text.slice(0, offset)
  const start = before.lastIndexOf('\n') + 1
  const line = before.split('\n').length
  const column = offset - start + 1
  const reason = `${what} at line ${line}, column ${column}`
  return httpError('BODY_NOT_JSON', { reason }, { cause, extensions: { position: { column, line, offset } } })
}
