import { Buffer } from 'node:buffer'

// What does not print as ASCII, the quote and the backslash.
const unsafe = /[^\x20\x21\x23-\x5b\x5d-\x7e]/
const unsafes = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g
const notAscii = /[\x7f-\uffff]/g

const named: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
}

/**
 * A text as the inside of a string of JSON, in ASCII alone: the bytes of a line are its characters, and nothing in it can
 * end the line or command a terminal.
 */
export function jsonText(text: string): string {
  return unsafe.test(text) ? text.replace(unsafes, escapeForJson) : text
}

/** A value as JSON in ASCII alone; undefined where it has no form there. */
export function jsonValue(value: unknown): string | undefined {
  const text: string | undefined = JSON.stringify(value)
  return text?.replace(notAscii, unicodeEscape)
}

/** A text as Apache's httpd writes it into its log: `\"`, `\\`, `\n` and the like by name, what else does not print as `\xhh`. */
export function itemText(text: string): string {
  return unsafe.test(text) ? text.replace(unsafes, escapeForItem) : text
}

function escapeForJson(character: string): string {
  return character === '"' || character === '\\' ? `\\${character}` : unicodeEscape(character)
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function escapeForItem(character: string): string {
  const known = named[character]
  if (known !== undefined) return known
  const code = character.charCodeAt(0)
  if (code < 0x100) return hexEscape(code)
  // What was never a header: the bytes of its UTF-8.
  return [...Buffer.from(character)].map(hexEscape).join('')
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`
}
