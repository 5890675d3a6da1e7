import { Buffer } from 'node:buffer'

// What a server of HTTP/1.1 writes, read exactly by RFC 9112: for answers that go on by HTTP/2 or HTTP/3.

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const text = /^[\t\x20-\x7e\x80-\xff]*$/
const crlf = Buffer.from('\r\n')

/** The most that a head, and the trailers or a line of a chunked body, may have, in bytes. */
const longest = 65_536

/** Of one connection; and what is told anew, or has no meaning where it goes. */
const dropped: readonly string[] = [
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'sec-websocket-accept',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** The head of an answer. */
export interface NodeAnswer {
  /** What follows: a body of so many bytes, one of chunks, one up to the end, or what was upgraded to. */
  readonly body: number | 'chunks' | 'end' | 'stream'
  /** The length that is told of the body; to a HEAD it has none. */
  readonly length: number | undefined
  /** Header lines, each with its CRLF, without those of one connection. */
  readonly lines: string
  readonly status: number
}

/** It is no answer of HTTP/1.1. */
export class AnswerMalformed extends Error {}

/** Reads the head of an answer, in whatever parts it comes. */
export class AnswerHead {
  readonly #method: string
  #read: Buffer = Buffer.alloc(0)

  /** @param method of the request: CONNECT for one that asks for a WebSocket, and gets a 200 where HTTP/1.1 says 101. */
  constructor(method: string) {
    this.#method = method
  }

  /**
   * Takes what the server has written.
   *
   * @returns the answer, and what follows its head; undefined while that is not whole. Interim answers are let go.
   * @throws AnswerMalformed
   */
  take(bytes: Uint8Array): { readonly answer: NodeAnswer; readonly rest: Buffer } | undefined {
    this.#read = Buffer.concat([this.#read, bytes])
    for (;;) {
      const end = this.#read.indexOf('\r\n\r\n')
      if (end > longest || (end < 0 && this.#read.byteLength > longest)) {
        throw new AnswerMalformed('the head of the answer is too long')
      }
      if (end < 0) return undefined
      const answer = parse(this.#read.toString('latin1', 0, end), this.#method)
      const rest = this.#read.subarray(end + 4)
      if (answer !== undefined) return { answer, rest }
      this.#read = rest
    }
  }
}

// Undefined for an interim answer.
function parse(head: string, method: string): NodeAnswer | undefined {
  const [first, ...others] = head.split('\r\n')
  const [, digits] = /^HTTP\/1\.1 ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(first!) ?? []
  if (digits === undefined) throw new AnswerMalformed(`the answer begins with ${JSON.stringify(first!.slice(0, 80))}`)
  const status = Number(digits)
  const pairs = others.map((line) => {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0))
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')
    if (!token.test(name) || !text.test(value)) {
      throw new AnswerMalformed(`the answer has the header line ${JSON.stringify(line.slice(0, 80))}`)
    }
    return { lower: name.toLowerCase(), name, value }
  })
  const all = (wanted: string): string[] => pairs.filter(({ lower }) => lower === wanted).map(({ value }) => value)
  const isUpgrade = status === 101
  if (status < 200 && !isUpgrade) return undefined
  if (isUpgrade && (method !== 'CONNECT' || all('upgrade').join().toLowerCase() !== 'websocket')) {
    throw new AnswerMalformed('the answer changes to a protocol that was not asked for')
  }
  const named = all('connection').join().toLowerCase().split(',')
  const without = new Set([...dropped, ...named.map((name) => name.trim())])
  const kept = pairs.filter(({ lower }) => !without.has(lower))
  const framing = framingOf(all('transfer-encoding'), all('content-length'))
  const isEmpty = method === 'HEAD' || status === 204 || status === 304
  const body = isEmpty ? 0 : framing
  return {
    body: isUpgrade ? 'stream' : body,
    length: !isUpgrade && typeof framing === 'number' ? framing : undefined,
    lines: kept.map(({ name, value }) => `${name}: ${value}\r\n`).join(''),
    status: isUpgrade ? 200 : status,
  }
}

function framingOf(codings: readonly string[], lengths: readonly string[]): number | 'chunks' | 'end' {
  if (codings.length > 0) {
    if (codings.join().toLowerCase() === 'chunked' && lengths.length === 0) return 'chunks'
    throw new AnswerMalformed('the body of the answer is framed in a way that can be taken for another')
  }
  if (lengths.length === 0) return 'end'
  if (lengths.length > 1 || !/^\d{1,15}$/.test(lengths[0]!)) throw new AnswerMalformed('its length is no number')
  return Number(lengths[0])
}

/** Reads the body of an answer, in whatever parts it comes. */
export class AnswerBody {
  readonly #framing: NodeAnswer['body']
  #left: number
  /** What has come of a line of a chunked body. */
  #line: Buffer = Buffer.alloc(0)
  #state: 'after' | 'data' | 'done' | 'size' | 'trailers'
  #trailers = 0

  constructor(framing: NodeAnswer['body']) {
    this.#framing = framing
    this.#left = typeof framing === 'number' ? framing : 0
    this.#state = framing === 'chunks' ? 'size' : 'data'
    if (framing === 0) this.#state = 'done'
  }

  /** Whether all of it has come. */
  get isDone(): boolean {
    return this.#state === 'done'
  }

  /** Whether it may end here. */
  get mayEnd(): boolean {
    return this.isDone || this.#framing === 'end' || this.#framing === 'stream'
  }

  /**
   * Takes what the server has written, and gives what of it is body. What follows on the body is let go.
   *
   * @throws AnswerMalformed
   */
  take(bytes: Buffer): readonly Buffer[] {
    if (this.#framing === 'end' || this.#framing === 'stream') return bytes.byteLength === 0 ? [] : [bytes]
    const parts: Buffer[] = []
    let rest = bytes
    while (rest.byteLength > 0 && this.#state !== 'done') {
      if (this.#state === 'data') {
        const part = rest.subarray(0, this.#left)
        this.#left -= part.byteLength
        rest = rest.subarray(part.byteLength)
        parts.push(part)
        if (this.#left === 0) this.#state = this.#framing === 'chunks' ? 'after' : 'done'
      } else {
        rest = this.#takeLine(rest)
      }
    }
    return parts
  }

  // Takes in a line, if it is whole, and gives what follows it.
  #takeLine(bytes: Buffer): Buffer {
    const read = Buffer.concat([this.#line, bytes])
    const end = read.indexOf(crlf)
    if ((end < 0 ? read.byteLength : end) > longest) throw new AnswerMalformed('a chunk of the answer is malformed')
    if (end < 0) {
      this.#line = read
      return bytes.subarray(bytes.byteLength)
    }
    this.#line = Buffer.alloc(0)
    this.#end(read.toString('latin1', 0, end))
    return read.subarray(end + 2)
  }

  #end(line: string): void {
    if (this.#state === 'trailers') {
      this.#trailers += line.length
      if (this.#trailers > longest) throw new AnswerMalformed('the trailers of the answer are too long')
      if (line === '') this.#state = 'done'
      return
    }
    if (this.#state === 'after') {
      if (line !== '') throw new AnswerMalformed('a chunk of the answer is longer than it says')
      this.#state = 'size'
      return
    }
    const [, digits] = /^([0-9a-fA-F]{1,12})(?:[ \t]*;.*)?$/.exec(line) ?? []
    if (digits === undefined) throw new AnswerMalformed('a chunk of the answer is malformed')
    this.#left = Number.parseInt(digits, 16)
    this.#state = this.#left === 0 ? 'trailers' : 'data'
  }
}
