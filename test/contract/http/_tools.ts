import assert from 'node:assert/strict'
import type { Logger, LogMethod } from '../../../src/index.js'
import type { Client } from '../../_setup.js'

/** A promise that is settled from outside. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>
  reject(reason: Error): void
  resolve(value: Value): void
}

export function deferred<Value = void>(): Deferred<Value> {
  let reject!: (reason: Error) => void
  let resolve!: (value: Value) => void
  const promise = new Promise<Value>((settle, fail) => {
    reject = fail
    resolve = settle
  })
  return { promise, reject, resolve }
}

/** Something that happens in another turn of the event loop. */
export function soon<Value>(value: Value): Promise<Value> {
  return new Promise((resolve) => setImmediate(resolve, value))
}

/** One line that an app has logged. */
export interface LogEntry {
  readonly fields: Readonly<Record<string, unknown>>
  readonly level: string
  readonly message: string | undefined
}

/** A logger that keeps what it is told. */
export function recorder(): { readonly entries: LogEntry[]; readonly logger: Logger } {
  const entries: LogEntry[] = []
  const make = (bound: Record<string, unknown>): Logger => {
    const method = (level: string): LogMethod => {
      return (first: object | string, second?: string) => {
        const isText = typeof first === 'string'
        entries.push({ fields: { ...bound, ...(isText ? {} : first) }, level, message: isText ? first : second })
      }
    }
    return {
      child: (fields) => make({ ...bound, ...fields }),
      debug: method('debug'),
      error: method('error'),
      fatal: method('fatal'),
      info: method('info'),
      trace: method('trace'),
      warn: method('warn'),
    }
  }
  return { entries, logger: make({}) }
}

/** Checks what an answer says of its connection: nothing in HTTP/2 and 3, which have no such header (RFC 9113, 8.2.2; RFC 9114, 4.2). */
export function assertConnection(client: Client, response: Response, value: 'close' | 'keep-alive'): void {
  assert.equal(response.headers.get('connection'), client.version === '1.1' ? value : null)
}

/**
 * A whole answer as it is on the wire, each byte a character; where there is no wire of HTTP/1.1, as it would be there.
 */
export async function wire(client: Client, path: string, method = 'GET'): Promise<string> {
  if (!client.hasWire) {
    const response = await client.fetch(path, { asSent: true, method })
    const lines = [...response.headers].map(([name, value]) => `${name}: ${value}`)
    const body = Buffer.from(await response.arrayBuffer()).toString('latin1')
    return [`HTTP/1.1 ${response.status} `, ...lines, '', body].join('\r\n')
  }
  const request = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`
  return (await client.raw(request)).text
}

/** The values of all header lines of one name in an answer that {@link wire} gave. */
export function linesOf(answer: string, name: string): readonly string[] {
  const [head = ''] = answer.split('\r\n\r\n')
  return head
    .split('\r\n')
    .slice(1)
    .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const)
    .filter(([each]) => each === name.toLowerCase())
    .map(([, value]) => value)
}

/** What comes after the head in an answer that {@link wire} gave. */
export function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4)
}

/** Checks an answer's problem document, member by member; returns the whole of it. */
export async function assertProblem(
  response: Response,
  status: number,
  members: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  assert.equal(response.headers.get('content-type'), 'application/problem+json')
  const document = JSON.parse(text) as Record<string, unknown>
  const wanted = { requestId: response.headers.get('x-request-id'), status, ...members }
  assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((name) => [name, document[name]])), wanted)
  return document
}

/** Checks that an answer is a 500 that tells nothing but the request's id. */
export async function assertBlank(response: Response): Promise<void> {
  const requestId = response.headers.get('x-request-id')
  const document = await assertProblem(response, 500)
  assert.deepEqual(document, { requestId, status: 500, title: 'Internal Server Error', type: 'about:blank' })
}

/** Posts a body of unknown length. */
export function postChunked(client: Client, path: string, parts: readonly string[]): Promise<Response> {
  if (client.transport === 'inject') {
    const headers = { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' }
    return client.fetch(path, { body: parts.join(''), headers, method: 'POST' })
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const part = parts[at++]
      if (part === undefined) return controller.close()
      controller.enqueue(await soon(Buffer.from(part)))
    },
  })
  let at = 0
  return client.fetch(path, { body, duplex: 'half', method: 'POST' })
}
