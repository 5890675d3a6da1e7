import type { Socket } from 'socket.io-client'
import { HotpressError } from '../errors.js'
import { causeOf, reasonOf, textOf } from './failure.js'

interface Wish {
  readonly namespace: string
  readonly origin: string
  readonly signal: AbortSignal | undefined
  /** Milliseconds. */
  readonly timeout: number
}

/** The time from a call until its socket is connected, or is not going to be. */
export class FirstConnection {
  #reject: ((error: unknown) => void) | undefined
  readonly #wish: Wish

  constructor(wish: Wish) {
    this.#wish = wish
  }

  /** What the caller gave as `auth` has failed: now, or when a connection that was lost is made again. */
  authFailed(socket: Socket, error: unknown): void {
    if (this.#reject !== undefined) {
      this.#reject(error)
      return
    }
    const told = error instanceof Error ? error : new Error('auth threw what is no Error', { cause: error })
    for (const listener of socket.listeners('connect_error')) listener.call(socket, told)
  }

  /**
   * Connects a socket. It is left disconnected where that fails.
   *
   * @throws HotpressError (by rejection) `SOCKETIO_REFUSED`, `SOCKETIO_TIMEOUT`, `SOCKETIO_UNREACHABLE`
   */
  of(socket: Socket): Promise<void> {
    const { namespace, origin, signal, timeout } = this.#wish
    const missed = new Missed(socket)
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#reject = undefined
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        socket.off('connect', onConnect)
        socket.off('connect_error', onError)
      }
      const fail = (error: unknown): void => {
        end()
        missed.drop()
        socket.disconnect()
        reject(error)
      }
      const onAbort = (): void => fail(signal?.reason)
      const onError = (error: Error): void => {
        // The library has given the socket up already where it was the server who said no.
        const facts = { namespace, origin, reason: socket.active ? reasonOf(error) : textOf(error.message) }
        const cause = socket.active ? causeOf(error) : error
        fail(new HotpressError(socket.active ? 'SOCKETIO_UNREACHABLE' : 'SOCKETIO_REFUSED', facts, cause && { cause }))
      }
      const onConnect = (): void => {
        // What came with the same bytes is heard before: the server may have let the client in and gone.
        process.nextTick(() => {
          if (this.#reject === undefined) return
          if (!socket.connected) {
            const reason = 'it was disconnected at once'
            return fail(new HotpressError('SOCKETIO_REFUSED', { namespace, origin, reason }))
          }
          end()
          resolve()
          missed.replay()
        })
      }
      const timer = setTimeout(
        () => fail(new HotpressError('SOCKETIO_TIMEOUT', { namespace, origin, timeout })),
        timeout,
      )
      this.#reject = fail
      signal?.addEventListener('abort', onAbort)
      socket.on('connect', onConnect)
      socket.on('connect_error', onError)
      socket.connect()
    })
  }
}

/** Events that came with the answer of the namespace, before the caller could have listened. */
class Missed {
  readonly #events: [event: string, ...args: unknown[]][] = []
  readonly #listener: (event: string, ...args: unknown[]) => void
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
    this.#listener = (...event) => {
      if (!socket.hasListeners(event[0])) this.#events.push(event)
    }
    socket.onAny(this.#listener)
  }

  drop(): void {
    this.#socket.offAny(this.#listener)
  }

  // After all that waits for the promise has run, and before anything else is read.
  replay(): void {
    queueMicrotask(() => {
      process.nextTick(() => {
        this.drop()
        for (const [event, ...args] of this.#events) {
          for (const listener of this.#socket.listeners(event)) Reflect.apply(listener, this.#socket, args)
        }
      })
    })
  }
}
