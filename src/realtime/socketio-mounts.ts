import type { HttpRequest } from '../core/request.js'
import type { HttpResponse } from '../core/response.js'
import type { HandlerResult } from '../core/types.js'
import type { UpgradeRoute } from '../core/upgrade.js'
import { HotpressError } from '../errors.js'
import { type CorsChoice, type SocketIoHost, SocketIoMount } from './socketio.js'
import type { SocketIoServer } from './socketio-auth.js'
import type { SocketIoOptions } from './socketio-options.js'

type Dispatch = (request: HttpRequest) => HttpResponse | Promise<HandlerResult>

/** The servers of Socket.IO that an app has. */
export class SocketIoMounts {
  readonly #all: SocketIoMount[] = []
  readonly #chooseCors: CorsChoice

  constructor(chooseCors: CorsChoice) {
    this.#chooseCors = chooseCors
  }

  /** Whom their WebSockets are for. */
  get routes(): readonly UpgradeRoute[] {
    return this.#all
  }

  /** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`, `SOCKETIO_CONFLICT` */
  add(options: SocketIoOptions): SocketIoServer {
    const mount = new SocketIoMount(options, this.#chooseCors)
    const { io, path } = mount
    if (this.#all.some((other) => other.path === path)) throw new HotpressError('SOCKETIO_CONFLICT', { path })
    this.#all.push(mount)
    return io
  }

  /** What dispatches the requests of an app: theirs to them, and others as before. */
  before(dispatch: Dispatch): Dispatch {
    const all = this.#all
    if (all.length === 0) return dispatch
    return (request) => {
      const mount = all.find((each) => each.serves(request))
      return mount === undefined ? dispatch(request) : mount.handle(request)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((mount) => mount.close()))
  }

  /** The app begins to listen, after it was closed perhaps. */
  open(): void {
    for (const mount of this.#all) mount.open()
  }

  start(host: SocketIoHost): void {
    for (const mount of this.#all) mount.start(host)
  }
}
