// Random clients of the native transport against a simple model, for native-random.test.ts and its long version.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectInPieces } from './_records.js'

/** What an answer must be. */
interface Expected {
  /** Undefined where it may be anything. */
  readonly body: string | undefined
  readonly isHead?: boolean
  readonly status: number
}

interface Request extends Expected {
  readonly bytes: string
  /** Whether nothing on the connection is answered after it. */
  readonly isLast?: boolean
}

interface Answer {
  readonly body: string
  readonly status: number
}

/** Numbers that are the same for the same seed. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** A whole number below `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!
  }
}

type Kind = (random: Random, name: string) => Request

function head(line: string, ...fields: readonly string[]): string {
  return `${[line, 'Host: h', ...fields].join('\r\n')}\r\n\r\n`
}

const whole = (path: string, body: (name: string) => string): Kind => {
  return (random, name) => ({
    body: body(name),
    bytes: head(`GET ${path}${name}${path === '/late/' ? `?ms=${random.below(8)}` : ''} HTTP/1.1`),
    status: 200,
  })
}

function contentOf(random: Random, name: string): string {
  return name.repeat(random.pick([0, 1, 10, 2000]))
}

function chunksOf(random: Random, content: string): string {
  let chunks = ''
  for (let at = 0; at < content.length; ) {
    const size = 1 + random.below(Math.min(content.length - at, random.pick([3, 500, 9000])))
    chunks += `${size.toString(16)}${random.pick(['', '', ';a=b'])}\r\n${content.slice(at, at + size)}\r\n`
    at += size
  }
  return `${chunks}0\r\n${random.pick(['', '', 'X: 1\r\n'])}\r\n`
}

const kinds: readonly Kind[] = [
  whole('/now/', (name) => name),
  whole('/late/', (name) => name),
  whole('/meet/', (name) => name),
  whole('/meet/', (name) => name),
  whole('/large/', (name) => name.repeat(40_000)),
  whole('/parts/', (name) => Array.from({ length: 20 }, (_, count) => name.repeat(count * 50 + 1)).join('')),
  (_, name) => ({ body: '', bytes: head(`HEAD /now/${name} HTTP/1.1`), isHead: true, status: 200 }),
  (_, name) => ({ body: undefined, bytes: `\r\n${head(`GET /nothing/${name} HTTP/1.1`)}`, status: 404 }),
  (random, name) => {
    const body = contentOf(random, name)
    return { body, bytes: head('POST /echo HTTP/1.1', `Content-Length: ${body.length}`) + body, status: 200 }
  },
  (random, name) => {
    const body = contentOf(random, name)
    return {
      body,
      bytes: head('POST /echo HTTP/1.1', 'Transfer-Encoding: chunked') + chunksOf(random, body),
      status: 200,
    }
  },
  (random, name) => {
    const content = contentOf(random, name)
    return {
      body: 'ignored',
      bytes: head('POST /ignore HTTP/1.1', `Content-Length: ${content.length}`) + content,
      status: 200,
    }
  },
]
const lastKinds: readonly Kind[] = [
  (_, name) => ({
    body: name,
    bytes: head(`GET /now/${name} HTTP/1.1`, 'Connection: close'),
    isLast: true,
    status: 200,
  }),
  (_, name) => ({ body: name, bytes: head(`GET /late/${name}?ms=3 HTTP/1.0`), isLast: true, status: 200 }),
  (_, name) => ({
    body: name.repeat(40_000),
    bytes: head(`GET /large/${name} HTTP/1.1`, 'Connection: close'),
    isLast: true,
    status: 200,
  }),
  () => ({ body: undefined, bytes: 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', isLast: true, status: 400 }),
  () => ({ body: undefined, bytes: 'GET / HTTP/1.1\nHost: a\r\n\r\n', isLast: true, status: 400 }),
  () => ({ body: undefined, bytes: head('GET / HTTP/1.1', `X: ${'x'.repeat(9000)}`), isLast: true, status: 431 }),
  () => ({ body: undefined, bytes: head(`GET /${'x'.repeat(9000)} HTTP/1.1`), isLast: true, status: 414 }),
  () => ({
    body: undefined,
    bytes: `${head('POST /echo HTTP/1.1', 'Transfer-Encoding: chunked')}5\r\nhelloX`,
    isLast: true,
    status: 400,
  }),
  () => ({
    body: undefined,
    bytes: `${head('POST /echo HTTP/1.1', 'Transfer-Encoding: chunked')}100001\r\nhello`,
    isLast: true,
    status: 413,
  }),
]

type Ending = 'destroy' | 'half-close' | 'read' | 'reset'
const endings: readonly Ending[] = ['read', 'read', 'read', 'half-close', 'half-close', 'destroy', 'reset']

let names = 0

/**
 * One connection: some requests in some pieces at some pace, and then an end of some kind.
 *
 * @returns what is wrong, or undefined.
 */
export async function visit(
  port: number,
  random: Random,
  protocol: 'http' | 'https' = 'http',
): Promise<string | undefined> {
  const requests: Request[] = []
  const count = random.below(6)
  for (let made = 0; made < count; made++) {
    requests.push((random.below(9) === 0 ? random.pick(lastKinds) : random.pick(kinds))(random, `n${names++}n`))
  }
  const last = requests.findIndex(({ isLast }) => isLast)
  const expected = last < 0 ? requests : requests.slice(0, last + 1)
  const all = Buffer.from(requests.map(({ bytes }) => bytes).join(''), 'latin1')
  const ending = random.pick(endings)
  const isWhole = ending === 'half-close' || ending === 'read'
  const bytes = isWhole ? all : all.subarray(0, random.below(all.length + 1))

  const { below, socket } = connectAs(protocol, port, random)
  const parts: Buffer[] = []
  let isEnded = false
  socket.on('error', () => {})
  socket.on('end', () => {
    isEnded = true
  })
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
  })
  socket.on('data', (part) => parts.push(part))
  // A paused client of TLS over a stream that is no socket loses what comes before the end.
  if (random.below(5) === 0 && protocol === 'http') {
    socket.pause()
    setTimeout(() => socket.resume(), random.below(80))
  }
  if (protocol === 'https') await Promise.race([once(socket, 'secureConnect'), closed])
  await send(socket, bytes, random)

  if (!isWhole) {
    await sleep(random.below(12))
    if (ending === 'destroy') socket.destroy()
    else below.resetAndDestroy()
    await closed
    return differs(parse(Buffer.concat(parts), expected).answers, expected, true)
  }
  if (ending === 'half-close') socket.end()
  const mustEnd = ending === 'half-close' || last >= 0
  const until = performance.now() + 5000
  let parsed = parse(Buffer.concat(parts), expected)
  while (performance.now() < until && !socket.destroyed) {
    parsed = parse(Buffer.concat(parts), expected)
    if (isEnded || (parsed.answers.length === expected.length && !mustEnd)) break
    await sleep(2)
  }
  parsed = parse(Buffer.concat(parts), expected)
  socket.destroy()
  await closed
  const problem = differs(parsed.answers, expected, false)
  const extra = parsed.rest > 0 ? `${parsed.rest} bytes too many` : undefined
  const open = mustEnd && !isEnded ? 'the connection was not closed' : undefined
  const found = problem ?? extra ?? open
  return found === undefined
    ? undefined
    : `${ending}: ${found}; sent ${JSON.stringify(all.toString('latin1').slice(0, 600))}`
}

// Over TLS the records are cut wherever chance has it.
function connectAs(protocol: 'http' | 'https', port: number, random: Random): { below: Socket; socket: Socket } {
  if (protocol === 'http') {
    const socket = connect({ allowHalfOpen: true, host: '127.0.0.1', noDelay: true, port })
    return { below: socket, socket }
  }
  const most = random.pick([20_000, 20_000, 2000, 100])
  return connectInPieces(port, () => 1 + random.below(most))
}

async function send(socket: Socket, bytes: Buffer, random: Random): Promise<void> {
  const most = random.pick([bytes.length, bytes.length, 4000, 300])
  for (let at = 0; at < bytes.length && !socket.destroyed; ) {
    const size = 1 + random.below(Math.max(1, most))
    socket.write(bytes.subarray(at, at + size))
    at += size
    if (random.below(4) === 0) await sleep(random.below(3))
    else await new Promise(setImmediate)
  }
}

function differs(answers: readonly Answer[], expected: readonly Expected[], isCut: boolean): string | undefined {
  if (!isCut && answers.length !== expected.length) {
    return `${answers.length} answers (${answers.map(({ status }) => status).join(' ')}), and not ${expected.length}`
  }
  for (const [index, { body, status }] of answers.entries()) {
    const wanted = expected[index]
    // A connection that was cut in the middle of a request may have a refusal of its rest.
    if (wanted === undefined || (isCut && status >= 400 && index === answers.length - 1)) continue
    if (status !== wanted.status) return `answer ${index} has status ${status}, and not ${wanted.status}`
    if (wanted.body !== undefined && body !== wanted.body) {
      return `answer ${index} is ${JSON.stringify(body.slice(0, 60))}, and not ${JSON.stringify(wanted.body.slice(0, 60))}`
    }
  }
  return undefined
}

/** The complete answers in what has come, and how many bytes follow the last that is expected. */
function parse(bytes: Buffer, expected: readonly Expected[]): { readonly answers: Answer[]; readonly rest: number } {
  const answers: Answer[] = []
  let at = 0
  while (answers.length < expected.length) {
    const end = bytes.indexOf('\r\n\r\n', at)
    if (end < 0) return { answers, rest: 0 }
    const lines = bytes.toString('latin1', at, end)
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(lines)?.[1] ?? 0)
    const after = end + 4
    const length = /\r\nContent-Length: (\d+)/.exec(lines)?.[1]
    if (expected[answers.length]!.isHead) {
      answers.push({ body: '', status })
      at = after
    } else if (length !== undefined) {
      if (bytes.length < after + Number(length)) return { answers, rest: 0 }
      at = after + Number(length)
      answers.push({ body: bytes.toString('latin1', after, at), status })
    } else {
      const chunked = dechunk(bytes, after)
      if (chunked === undefined) return { answers, rest: 0 }
      at = chunked.end
      answers.push({ body: chunked.body, status })
    }
  }
  return { answers, rest: bytes.length - at }
}

function dechunk(bytes: Buffer, start: number): { readonly body: string; readonly end: number } | undefined {
  let body = ''
  for (let at = start; ; ) {
    const line = bytes.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16)
    const end = line + 2 + size + 2
    if (bytes.length < end) return undefined
    if (size === 0) return { body, end }
    body += bytes.toString('latin1', line + 2, line + 2 + size)
    at = end
  }
}
