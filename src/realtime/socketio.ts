import { Buffer } from 'node:buffer'
import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Server } from 'socket.io'
import { bodyTooLarge } from '../core/body.js'
import type { BodyRules } from '../core/body-flow.js'
import { patience } from '../core/patience.js'
import { HttpRequest, sourceOf } from '../core/request.js'
import type { RequestContext } from '../core/request-context.js'
import { RequestIds } from '../core/request-id.js'
import type { HttpResponse } from '../core/response.js'
import { empty } from '../core/responses.js'
import { SnapshotSource } from '../core/snapshot-source.js'
import type { Chain, Handler, HandlerResult, Middleware } from '../core/types.js'
import type { SocketLimits } from '../core/web-socket.js'
import { HttpError, httpError } from '../errors.js'
import { topicAdapter } from './socketio-adapter.js'
import { type SocketIoServer, withAuth } from './socketio-auth.js'
import loadSocketIo from './socketio-load.cjs'
import { type SocketIoOptions, type SocketIoSettings, settleSocketIo } from './socketio-options.js'
import { incoming, PollingAnswer, RequestSocket, UpgradeSocket } from './socketio-request.js'
import { type EngineConnection, shorten } from './socketio-shortcut.js'
import { WebSocketEngine } from './socketio-websockets.js'
import { asksForSocket, checkHandshake } from './websocket-handshake.js'

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

// Built for pages, in the package of the server.
const clientFile = /^socket\.io(?:\.esm|\.msgpack)?(?:\.min)?\.js(?:\.map)?$/

/** Milliseconds that adapters have to let go of what they hold. */
const adapterPatience = 2000

/** Milliseconds between two looks at whether clients have left. */
const farewellPause = 10

/**
 * A server of Socket.IO, and its place in an app. Polling and requests for a WebSocket come by the app's own requests, on
 * every transport and by every version of HTTP; the WebSockets are those of the transport.
 */
export class SocketIoMount {
  /** Of a handshake that outlives its request: that request. */
  readonly #arrived = new WeakMap<HttpRequest, HttpRequest>()
  readonly #bodyRules: BodyRules
  readonly #choose: ReturnType<CorsChoice>
  readonly #clientFolder: string
  #file: Chain | undefined
  #handshake: Chain | undefined
  #host: SocketIoHost | undefined
  /** Never listens: the library takes from it what is put into it. */
  readonly #hub = createServer()
  #isClosed = false
  #isLeaving = false
  #poll: Chain | undefined
  readonly #requests = new WeakMap<IncomingMessage, HttpRequest>()
  readonly #settings: SocketIoSettings
  readonly io: SocketIoServer
  /** Of its WebSockets. */
  readonly limits: SocketLimits
  readonly path: string

  /** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN` */
  constructor(options: SocketIoOptions, chooseCors: CorsChoice) {
    this.#settings = settleSocketIo(options)
    this.#choose = chooseCors(this.#settings.cors)
    const { library, maxHttpBufferSize, path } = this.#settings
    const libraries = loadSocketIo()
    this.#bodyRules = { decodes: false, limit: maxHttpBufferSize, threshold: maxHttpBufferSize }
    this.#clientFolder = libraries.clientFolder
    this.limits = {
      compresses: Boolean(library.perMessageDeflate),
      // As the library has it: a client that takes nothing is cut off by the heartbeat.
      maxBackpressure: 0,
      maxPayload: maxHttpBufferSize,
      paths: [path, `${path}/`],
    }
    this.path = path
    const keepsState = library.connectionStateRecovery !== undefined
    const io: Server = new libraries.Server({
      ...(keepsState ? {} : { adapter: topicAdapter(libraries.Adapter) }),
      ...library,
      wsEngine: WebSocketEngine,
    })
    io.attach(this.#hub)
    // Before the library looks: the address of a client is what the app says it is.
    io.engine.prependListener('connection', (connection: EngineConnection & { readonly request: IncomingMessage }) => {
      shorten(connection)
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
    this.#isLeaving = false
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
    const { id, log } = request
    const ids = new RequestIds(() => id, undefined, log)
    const handshake = new HttpRequest(SnapshotSource.of(source), { ...this.#host!.context, ids })
    this.#arrived.set(handshake, request)
    return this.#handshake!(handshake)
  }

  /** Whether a request is for this server: polling, or the client that it serves to pages. */
  serves({ method, path }: HttpRequest): boolean {
    if (!path.startsWith(this.path)) return false
    if (isOf(this.path, path)) return true
    return this.#settings.servesClient && (method === 'GET' || method === 'HEAD') && this.#fileName(path) !== undefined
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

  /**
   * Has the clients know that the server has disconnected them: they do not connect again by themselves. New ones are let
   * in no more.
   *
   * @param time milliseconds that they have to take it.
   */
  async disconnect(time: number): Promise<void> {
    this.#isLeaving = true
    // Clients end their connections then: one of polling that is ended here is waited for by the library for 30 s.
    for (const namespace of this.io._nsps.values()) namespace.local.disconnectSockets()
    const end = performance.now() + time
    while (this.io.engine.clientsCount > 0 && performance.now() < end) await sleep(farewellPause)
  }

  // Whom all middleware has let through.
  #admitted(request: HttpRequest): HttpResponse | Promise<HttpResponse> {
    const arrived = this.#arrived.get(request)
    // What it came by is not kept with it.
    this.#arrived.delete(request)
    return this.#exchange(request, arrived)
  }

  /** @param arrived the request as it came by its transport, where the other outlives it. */
  #exchange(request: HttpRequest, arrived: HttpRequest = request): HttpResponse | Promise<HttpResponse> {
    if (this.#isClosed || (this.#isLeaving && isHandshake(request))) throw new HttpError(503)
    if (asksForSocket(arrived)) return this.#upgrade(request, arrived)
    if (this.#settings.websocketOnly) throw httpError('POLLING_REFUSED', {})
    const { bodySize } = sourceOf(arrived)
    if (bodySize === 0) return this.#serve(request, arrived, undefined)
    if (bodySize > this.#settings.maxHttpBufferSize) throw bodyTooLarge(this.#settings.maxHttpBufferSize)
    return arrived.bytes().then((body) => this.#serve(request, arrived, body))
  }

  #fileName(path: string): string | undefined {
    const name = path.slice(this.path.length + 1)
    return path[this.path.length] === '/' && clientFile.test(name) ? name : undefined
  }

  #note(req: IncomingMessage, request: HttpRequest): void {
    // Read once: what is a handshake for the app is one for the library.
    Reflect.set(req, '_query', Object.fromEntries(request.query))
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

  #upgrade(request: HttpRequest, arrived: HttpRequest): Promise<HttpResponse> {
    checkHandshake(arrived)
    return new Promise((resolve) => {
      const socket = new UpgradeSocket(request, resolve)
      const req = incoming(sourceOf(request), socket)
      this.#note(req, request)
      arrived.signal.addEventListener('abort', () => socket.destroy())
      this.#hub.emit('upgrade', req, socket, Buffer.alloc(0))
    })
  }
}

/** Whether a request is for what stands at a path, with or without a slash behind it. */
function isOf(base: string, path: string): boolean {
  return (
    path.startsWith(base) && (path.length === base.length || (path.length === base.length + 1 && path.endsWith('/')))
  )
}

// The library takes the last of several parameters of a name.
function isHandshake(request: HttpRequest): boolean {
  return !request.query.getAll('sid').at(-1)
}
