import { canonicalAddress } from './addresses.js'

/** What one proxy has told of where a request came to it from; undefined is what it did not tell, or is malformed. */
export interface Hop {
  readonly address: string | undefined
  readonly host: string | undefined
  readonly protocol: string | undefined
}

const comma = 0x2c
const quote = 0x22

/**
 * The members of a list that proxies append to, from the last to the first; empty ones are passed over. It is read from
 * the right, quoted strings included, so that nothing a client has written at its left, a lone quotation mark perhaps,
 * changes how the proxies' own members are read.
 */
export class FromRight {
  #end: number
  readonly #text: string

  constructor(text: string | undefined) {
    this.#text = text ?? ''
    this.#end = this.#text.length
  }

  /** The next member to the left, without the space around it; undefined when there is none. */
  next(): string | undefined {
    while (this.#end > 0) {
      const before = commaBefore(this.#text, this.#end)
      let [start, end] = [before + 1, this.#end]
      while (start < end && isSpace(this.#text.charCodeAt(start))) start++
      while (end > start && isSpace(this.#text.charCodeAt(end - 1))) end--
      this.#end = before
      if (start < end) return this.#text.slice(start, end)
    }
    return undefined
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function commaBefore(text: string, end: number): number {
  for (let at = end - 1; at >= 0; at--) {
    const code = text.charCodeAt(at)
    if (code === comma) return at
    if (code === quote) at = openingQuote(text, at)
  }
  return -1
}

// The quotation mark that begins the string which ends at one; -1 where none does.
function openingQuote(text: string, closing: number): number {
  for (let at = closing - 1; at >= 0; at--) {
    if (text.charCodeAt(at) !== quote) continue
    let start = at
    while (start > 0 && text.charCodeAt(start - 1) === 0x5c) start--
    // Behind an odd number of backslashes it is a part of the string.
    if ((at - start) % 2 === 0) return at
    at = start
  }
  return -1
}

// RFC 7239, 6: a port may be obfuscated too.
const bracketed = /^\[([0-9A-Fa-f:.]+)\](?::(?:[0-9]{1,5}|_[0-9A-Za-z._-]+))?$/
const withPort = /^([0-9.]+):(?:[0-9]{1,5}|_[0-9A-Za-z._-]+)$/
const quoted = /^"([^"\\]*)"$/

/**
 * The address of a node as proxies write it: bare, with a port, an IPv6 address in brackets, quoted. Undefined for
 * `unknown`, an obfuscated one (RFC 7239, 6.3), and whatever else is no address.
 */
export function nodeAddress(node: string): string | undefined {
  return canonicalAddress(node) ?? decoratedAddress(node)
}

function decoratedAddress(node: string): string | undefined {
  const bare = quoted.exec(node)?.[1] ?? node
  if (bare.startsWith('[')) {
    const address = bracketed.exec(bare)?.[1]
    // IPv4 has no brackets.
    return address?.includes(':') ? canonicalAddress(address) : undefined
  }
  return canonicalAddress(withPort.exec(bare)?.[1] ?? bare)
}

// One pair of an element; values are tokens or quoted strings (RFC 7239, 4).
const pair =
  /[ \t]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)|"((?:[^"\\]|\\.)*)"))?[ \t]*(;|$)/y
const nothing: Hop = { address: undefined, host: undefined, protocol: undefined }

/** An element of `Forwarded` (RFC 7239, 4); one that is malformed in any part, or names a thing twice, tells nothing. */
export function forwardedHop(element: string): Hop {
  const told = new Map<string, string>()
  pair.lastIndex = 0
  for (;;) {
    const found = pair.exec(element)
    if (found === null) return nothing
    const [, name, token, text, end] = found
    if (name !== undefined) {
      const lower = name.toLowerCase()
      if (told.has(lower)) return nothing
      told.set(lower, token ?? text!.replace(/\\(.)/g, '$1'))
    }
    if (end === '') break
  }
  const node = told.get('for')
  return {
    address: node === undefined ? undefined : nodeAddress(node),
    host: told.get('host'),
    protocol: told.get('proto'),
  }
}
