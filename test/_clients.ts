import { once } from 'node:events'
import { Agent as HttpAgent, request as requestHttp } from 'node:http'
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { connect, type Socket } from 'node:net'
import { PassThrough, pipeline, type Readable, type Writable } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'

/** What a request is made of: Fetch's own, and what Fetch would not let through. */
export interface FetchInit extends RequestInit {
  /** The path goes out as it was given, the body comes in as it was sent, and no header is added. */
  readonly asSent?: boolean
  readonly duplex?: 'half'
}

/** A client of Fetch's types that keeps its connections. */
export interface HttpClient {
  close(): void
  fetch(path: string, init?: FetchInit): Promise<Response>
}

/**
 * How many requests that go out as they were given may share a connection: they may be malformed, and servers close
 * connections that have many of those, with whatever else is under way on them.
 */
export const mostAsSent = 50

/** What Fetch sends unasked, but for the codings that it takes over TLS alone. */
const fetchHeaders: readonly (readonly [string, string])[] = [
  ['accept', '*/*'],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', '*'],
  ['sec-fetch-mode', 'cors'],
  ['user-agent', 'node'],
]

export interface Outgoing {
  readonly asSent: boolean
  readonly body: ReadableStream<Uint8Array> | Uint8Array | undefined
  readonly headers: Headers
  readonly method: string
  /** The path and the query. */
  readonly path: string
  readonly signal: AbortSignal | undefined
}

export async function outgoing(base: string, path: string, { asSent = false, ...init }: FetchInit): Promise<Outgoing> {
  const request = new Request(base + (asSent ? '/' : path), init)
  const { headers, method } = request
  if (!asSent) for (const [name, value] of fetchHeaders) if (!headers.has(name)) headers.set(name, value)
  let body: Outgoing['body']
  if (init.body instanceof ReadableStream) body = request.body ?? undefined
  else if (request.body !== null) body = new Uint8Array(await request.arrayBuffer())
  if (body instanceof Uint8Array || (body === undefined && ['PATCH', 'POST', 'PUT'].includes(method))) {
    headers.set('content-length', String(body?.byteLength ?? 0))
  }
  const url = new URL(request.url)
  const signal = init.signal ?? undefined
  return { asSent, body, headers, method, path: asSent ? path : url.pathname + url.search, signal }
}

async function send(into: Writable, body: Outgoing['body']): Promise<void> {
  if (body instanceof ReadableStream) {
    try {
      for await (const part of body) {
        if (into.destroyed || into.writableEnded) return
        if (!into.write(part)) await Promise.race([once(into, 'drain'), once(into, 'close')])
      }
    } catch (error) {
      into.destroy(error as Error)
      return
    }
  } else if (body !== undefined) {
    into.write(body)
  }
  into.end()
}

export interface Incoming {
  readonly body: Readable
  readonly headers: Headers
  readonly status: number
  /** Called when the body has ended; throws where it is not whole. */
  checkEnd?(): Promise<void>
}

const decoders: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  br: createBrotliDecompress,
  deflate: createInflate,
  gzip: createGunzip,
}

export function responseOf({ body, checkEnd, headers, status }: Incoming, { asSent, method }: Outgoing): Response {
  if (method === 'HEAD' || [204, 205, 304].includes(status)) {
    body.resume()
    return new Response(null, { headers, status })
  }
  const decoder = asSent ? undefined : decoders[headers.get('content-encoding') ?? '']?.()
  const source = decoder === undefined ? body : pipeline(body, decoder, () => {})
  // Whoever reads is told; nobody may.
  decoder?.on('error', () => {})
  const parts = source[Symbol.asyncIterator]()
  const stream = new ReadableStream<Uint8Array>(
    {
      cancel() {
        body.destroy()
      },
      async pull(controller) {
        const { done, value } = await parts.next()
        if (done !== true) return controller.enqueue(new Uint8Array(value as Buffer))
        await checkEnd?.()
        controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(stream, { headers, status })
}

/** HTTP/1.1 by node:http or node:https. */
export function http1Client(base: string): HttpClient {
  const isSecure = base.startsWith('https:')
  const agent = isSecure ? new HttpsAgent({ keepAlive: true, rejectUnauthorized: false }) : new HttpAgent()
  const { hostname, port } = new URL(base)

  return {
    close: () => agent.destroy(),
    async fetch(path, init = {}) {
      const out = await outgoing(base, path, init)
      out.signal?.throwIfAborted()
      return new Promise((resolve, reject) => {
        const headers = Object.fromEntries(out.headers)
        const request = (isSecure ? requestHttps : requestHttp)({
          agent,
          headers,
          host: hostname,
          method: out.method,
          path: out.path,
          port,
        })
        out.signal?.addEventListener('abort', () => request.destroy(out.signal?.reason))
        request.on('error', reject)
        request.on('response', (body) => {
          const { rawHeaders, statusCode } = body
          const told = new Headers()
          for (let at = 0; at < rawHeaders.length; at += 2) told.append(rawHeaders[at]!, rawHeaders[at + 1]!)
          resolve(responseOf({ body, headers: told, status: statusCode! }, out))
        })
        send(request, out.body)
      })
    },
  }
}

/** A connection of HTTP/2; what becomes of it is for its streams to tell. */
export function http2Session(base: string): ClientHttp2Session {
  // What of a large body is never sent stays in memory until the session ends: by default ten megabytes are its most.
  return connectHttp2(base, { maxSessionMemory: 1000, rejectUnauthorized: false }).on('error', () => {})
}

/** HTTP/2 by node:http2, on one connection for as long as it lasts, but for requests that go out as they were given. */
export function http2Client(base: string): HttpClient {
  const all: ClientHttp2Session[] = []
  let asSent = 0
  let kept: ClientHttp2Session | undefined

  function session(out: Outgoing): ClientHttp2Session {
    const isUsedUp = out.asSent && asSent++ % mostAsSent === 0
    if (kept === undefined || isUsedUp || kept.closed || kept.destroyed) {
      kept = http2Session(base)
      all.push(kept)
      // What a test leaves open must not hold the process.
      kept.unref()
    }
    return kept
  }

  return {
    close() {
      for (const session of all) session.destroy()
    },
    async fetch(path, init = {}) {
      const out = await outgoing(base, path, init)
      out.signal?.throwIfAborted()
      return new Promise((resolve, reject) => {
        const { host, ...headers } = Object.fromEntries(out.headers)
        // HTTP/2 has no such headers (RFC 9113, 8.2.2): what a test says of the connection is left unsaid.
        for (const name of ['connection', 'keep-alive', 'transfer-encoding']) delete headers[name]
        const within = session(out)
        const stream = within.request(
          {
            ...headers,
            ...(host === undefined ? {} : { ':authority': host }),
            ':method': out.method,
            ':path': out.path,
          },
          { endStream: out.body === undefined },
        )
        out.signal?.addEventListener('abort', () => {
          stream.destroy()
          reject(out.signal?.reason)
        })
        stream.on('error', (error) => {
          // What is no request is refused without an answer where the library has seen it first, and so is its connection
          // where there are too many of them.
          const isRefusal = /NGHTTP2_PROTOCOL_ERROR|^Session closed/.test(error.message)
          if (out.asSent && isRefusal) resolve(new Response('', { status: 400 }))
          else reject(error)
        })
        stream.on('close', () => {
          // The other streams of a connection that was refused end without an error.
          if (out.asSent && within.destroyed) resolve(new Response('', { status: 400 }))
          else reject(new Error(`the stream was closed without an answer (${stream.rstCode})`))
        })
        stream.on('response', (fields) => {
          const told = new Headers()
          for (const [name, value] of Object.entries(fields)) {
            if (name.startsWith(':') || value === undefined) continue
            for (const each of Array.isArray(value) ? value : [value]) told.append(name, String(each))
          }
          const checkEnd = (): Promise<void> => whole(stream)
          // Node 24 takes a stream that has come whole for one that was cut, where it is iterated over a while later.
          const body = pipeline(stream, new PassThrough(), () => {})
          body.on('error', () => {})
          resolve(responseOf({ body, checkEnd, headers: told, status: fields[':status']! }, out))
        })
        if (out.body !== undefined) send(stream, out.body)
      })
    },
  }
}

// The end of a stream is the end of its body only where it was not reset: node tells of some codes as of an end.
async function whole(stream: ClientHttp2Stream): Promise<void> {
  if (stream.writableFinished && !stream.destroyed) await once(stream, 'close')
  if (stream.rstCode !== undefined && stream.rstCode !== 0) throw new Error(`the stream was reset: ${stream.rstCode}`)
  // To a request that was answered before all of it had come, the answer is followed by a reset without an error.
  if (stream.aborted && stream.rstCode !== 0) throw new Error('the stream was aborted')
}

/** Opens a connection, through the handshake of TLS where there is one. */
export function connectTo(port: number, isSecure = false): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const host = '127.0.0.1'
    const socket = isSecure
      ? connectTls({ ALPNProtocols: ['http/1.1'], host, port, rejectUnauthorized: false }, () => resolve(socket))
      : connect(port, host, () => resolve(socket))
    // What comes of it later is for `close` to tell.
    socket.on('error', reject).setNoDelay(true)
  })
}
