import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Server } from 'socket.io'
import { bodyTooLarge } from '../core/body.js'
import type { BodyRules } from '../core/body-flow.js'
import { patience } from '../core/patience.js'
import { blankError, problem } from '../core/problem.js'
import { HttpRequest, type RequestContext, sourceOf } from '../core/request.js'
import { RequestIds } from '../core/request-id.js'
import { requestKey } from '../core/request-key.js'
import type { RequestSource } from '../core/request-source.js'
import type { HttpResponse } from '../core/response.js'
import { empty } from '../core/responses.js'
import { SnapshotSource } from '../core/snapshot-source.js'
import { reasonPhrase } from '../core/status.js'
import { asStream, chunkBytes } from '../core/stream.js'
import type { Chain, Handler, HandlerResult, Middleware } from '../core/types.js'
import { isOf, type PendingUpgrade, type UpgradeRoute } from '../core/upgrade.js'
import { HttpError, httpError } from '../errors.js'
import { type SocketIoServer, withAuth } from './socketio-auth.js'
import loadSocketIo from './socketio-load.cjs'
import { type SocketIoOptions, type SocketIoSettings, settleSocketIo } from './socketio-options.js'
import { incoming, PollingAnswer, RequestSocket, UpgradeSocket } from './socketio-request.js'
import { webSocketEngine } from './socketio-websockets.js'

/** What a server of Socket.IO needs of its app. */
export interface SocketIoHost {
  readonly context: RequestContext
  compose(middleware: readonly Middleware[], handler: Handler): Chain
  /** What answers with a file. */
  file(path: string): HandlerResult
  /** Those of the app's options, outermost first. */
  readonly policies: readonly Middleware[]
}

/** Has the option `cors` checked; what it gives puts it in the place of the app's. */
export type CorsChoice = (options: unknown) => (policies: readonly Middleware[]) => readonly Middleware[]

/** Of a handshake that outlives its request: that request. */
const arrivedAs = requestKey<HttpRequest>('arrivedAs')
/** Whether all middleware has let a handshake through. */
const isAdmitted = requestKey<true>('isAdmitted')

// Built for pages, in the package of the server.
const clientFile = /^socket\.io(?:\.esm|\.msgpack)?(?:\.min)?\.js(?:\.map)?$/

/** Bytes. */
const longestRefusal = 65_536

/** Milliseconds that adapters have to let go of what they hold. */
const adapterPatience = 2000

/**
 * A server of Socket.IO, and its place in an app. Polling comes by the app's own requests, on every transport and by every
 * version of HTTP; WebSockets come as the transport has them: a stream of Node's, or the transport's own sockets.
 */
export class SocketIoMount implements UpgradeRoute {
  readonly #bodyRules: BodyRules
  readonly #choose: ReturnType<CorsChoice>
  readonly #clientFolder: string
  #file: Chain | undefined
  #handshake: Chain | undefined
  #host: SocketIoHost | undefined
  /** Never listens: the library takes from it what is put into it. */
  readonly #hub = createServer()
  #isClosed = false
  #poll: Chain | undefined
  readonly #requests = new WeakMap<IncomingMessage, HttpRequest>()
  readonly #settings: SocketIoSettings
  readonly io: SocketIoServer
  readonly isCompressed: boolean
  readonly maxPayload: number
  readonly path: string

  /** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN` */
  constructor(options: SocketIoOptions, chooseCors: CorsChoice) {
    this.#settings = settleSocketIo(options)
    this.#choose = chooseCors(this.#settings.cors)
    const { library, maxHttpBufferSize, path } = this.#settings
    const libraries = loadSocketIo()
    this.#bodyRules = { decodes: false, limit: maxHttpBufferSize, threshold: maxHttpBufferSize }
    this.#clientFolder = libraries.clientFolder
    this.isCompressed = Boolean(library.perMessageDeflate)
    this.maxPayload = maxHttpBufferSize
    this.path = path
    const io: Server = new libraries.Server({ ...library, wsEngine: webSocketEngine(libraries) })
    io.attach(this.#hub)
    // Before the library looks: the address of a client is what the app says it is.
    io.engine.prependListener('connection', (connection: { readonly request: IncomingMessage }) => {
      Reflect.set(connection, 'remoteAddress', this.#requestOf(connection.request).ip)
    })
    const skips = library.connectionStateRecovery?.skipMiddlewares === true
    this.io = withAuth(io, (req) => this.#requestOf(req), skips)
  }

  /** Takes up its place in an app that starts. */
  start(host: SocketIoHost): void {
    const policies = this.#choose(host.policies)
    this.#host = host
    this.#poll = host.compose(policies, (request) => this.#exchange(request))
    this.#file = host.compose(policies, ({ path }) => host.file(join(this.#clientFolder, this.#fileName(path)!)))
    this.#handshake = host.compose([...policies, ...this.#settings.middleware], (request) => this.#admitted(request))
  }

  /** The app begins to listen, after it was closed perhaps. */
  open(): void {
    if (!this.#isClosed) return
    this.#isClosed = false
    this.#hub.emit('listening')
    this.io.adapter(this.io.adapter()!)
  }

  /** Answers a request that is {@link serves this server's}. */
  handle(request: HttpRequest): HttpResponse | Promise<HandlerResult> {
    if (!isOf(this.path, request.path)) return this.#file!(request)
    const source = sourceOf(request)
    if (source.bodySize !== 0) source.acceptBody(this.#bodyRules)
    if (!isHandshake(request)) return this.#poll!(request)
    // The sockets of this client have it for as long as they live.
    const ids = new RequestIds(() => request.id, undefined, request.log)
    const handshake = new HttpRequest(SnapshotSource.of(source), { ...this.#host!.context, ids })
    handshake.set(arrivedAs, request)
    return this.#handshake!(handshake)
  }

  /** Whether a request is for this server: polling, or the client that it serves to pages. */
  serves({ method, path }: HttpRequest): boolean {
    if (!path.startsWith(this.path)) return false
    if (isOf(this.path, path)) return true
    return this.#settings.servesClient && (method === 'GET' || method === 'HEAD') && this.#fileName(path) !== undefined
  }

  upgrade(pending: PendingUpgrade): void {
    const request = new HttpRequest(pending.source, this.#host!.context)
    const socket = new UpgradeSocket(request, pending)
    const req = incoming(pending.source, socket)
    const refuse: Refuse = ({ contentType, headers = [], statusCode }, body) => {
      const type = contentType === undefined ? [] : ['Content-Type', contentType]
      pending.refuse(statusCode, [...type, ...headers], body)
    }
    this.#admit(request, req, refuse, () => this.#hub.emit('upgrade', req, socket, Buffer.alloc(0)))
  }

  upgradeStream(source: RequestSource, req: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Who leaves while it is asked about is gone, and nothing else.
    socket.on('error', () => socket.destroy())
    const request = new HttpRequest(source, this.#host!.context)
    const refuse: Refuse = (response, body) => {
      socket.end(refusalText(response, body), () => socket.destroy())
    }
    this.#admit(request, req, refuse, () => this.#hub.emit('upgrade', req, socket, head))
  }

  /** Disconnects every client. What an adapter does not let go of in time is left behind. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, adapterPatience)
    })
    await Promise.race([this.io.close(), late])
    clearTimeout(timer)
    this.io.engine.close()
  }

  // A session that goes on was admitted when it began.
  async #admit(request: HttpRequest, req: IncomingMessage, refuse: Refuse, upgrade: () => void): Promise<void> {
    try {
      this.#note(req, request)
      if (this.#isClosed) {
        await refuseWith(problem(new HttpError(503), request.id), refuse)
        return
      }
      if (isHandshake(request) && this.#settings.middleware.length > 0) {
        const response = await this.#handshake!(request)
        if (request.get(isAdmitted) !== true || response.statusCode >= 400) {
          await refuseWith(response, refuse)
          return
        }
      }
      upgrade()
    } catch (error) {
      request.log.error({ err: error }, 'upgrade failed')
      await refuseWith(blankError(request, error), refuse)
    }
  }

  // Whom all middleware has let through.
  #admitted(request: HttpRequest): HttpResponse | Promise<HttpResponse> {
    const arrived = request.get(arrivedAs)
    if (arrived !== undefined) return this.#exchange(request, arrived)
    request.set(isAdmitted, true)
    return empty()
  }

  /** @param arrived the request as it came by its transport, where the other outlives it. */
  #exchange(request: HttpRequest, arrived: HttpRequest = request): HttpResponse | Promise<HttpResponse> {
    if (this.#settings.websocketOnly) throw httpError('POLLING_REFUSED', {})
    if (this.#isClosed) throw new HttpError(503)
    const { bodySize } = sourceOf(arrived)
    if (bodySize === 0) return this.#serve(request, arrived, undefined)
    if (bodySize > this.maxPayload) throw bodyTooLarge(this.maxPayload)
    return arrived.bytes().then((body) => this.#serve(request, arrived, body))
  }

  #fileName(path: string): string | undefined {
    const name = path.slice(this.path.length + 1)
    return path[this.path.length] === '/' && clientFile.test(name) ? name : undefined
  }

  #note(req: IncomingMessage, request: HttpRequest): void {
    // Read once: what is a handshake for the app is one for the library.
    Reflect.set(req, '_query', queryOf(request))
    this.#requests.set(req, request)
  }

  #requestOf(req: IncomingMessage): HttpRequest {
    return this.#requests.get(req)!
  }

  #serve(request: HttpRequest, arrived: HttpRequest, body: Uint8Array | undefined): Promise<HttpResponse> {
    return new Promise((resolve) => {
      const socket = new RequestSocket(request)
      const req = incoming(sourceOf(request), socket)
      const answer = new PollingAnswer(resolve)
      this.#note(req, request)
      // The library answers when it has something to say.
      arrived.set(patience, true)
      arrived.signal.addEventListener('abort', () => {
        if (answer.writableEnded) return
        socket.destroyed = true
        req.destroy()
        answer.destroy()
        resolve(empty(400))
      })
      if (request.method !== 'GET') {
        if (body !== undefined) req.push(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
        req.complete = true
        req.push(null)
      }
      this.#hub.emit('request', req, answer)
    })
  }
}

// The library takes the last of several parameters of a name.
function queryOf(request: HttpRequest): Readonly<Record<string, string>> {
  return Object.fromEntries(request.query)
}

function isHandshake(request: HttpRequest): boolean {
  return !queryOf(request).sid
}

/** @param body the response's, whole. */
type Refuse = (response: HttpResponse, body: Uint8Array) => void

// A stream is taken in as far as a refusal may be long.
async function refuseWith(response: HttpResponse, refuse: Refuse): Promise<void> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of asStream(response.body)) {
      const bytes = chunkBytes(chunk)
      chunks.push(bytes)
      size += bytes.byteLength
      if (size > longestRefusal) break
    }
  } catch {
    // What there is of it says enough.
  }
  refuse(response, Buffer.concat(chunks))
}

function refusalText({ contentType, headers = [], statusCode }: HttpResponse, content: Uint8Array): Buffer {
  const lines = [`HTTP/1.1 ${statusCode} ${reasonPhrase(statusCode)}`, 'Connection: close']
  if (contentType !== undefined) lines.push(`Content-Type: ${contentType}`)
  for (let index = 0; index < headers.length; index += 2) lines.push(`${headers[index]}: ${headers[index + 1]}`)
  lines.push(`Content-Length: ${content.byteLength}`, '', '')
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), content])
}
