import type { Socket } from 'socket.io-client'
import { refused } from '../core/options-check.js'
import { isPlain, kindOf } from './options.js'

/**
 * What the server gets as `auth`: an object, or a function that gives one, at once or later. The function is asked at each
 * connection, the first and those after a loss, so that a token can be a new one.
 */
export type SocketIoClientAuth = Readonly<object> | (() => Readonly<object> | Promise<Readonly<object>>)

/** @throws HotpressError `OPTION_INVALID`, which shows nothing of it. */
export function checkAuth(auth: unknown, call: string): SocketIoClientAuth {
  if (typeof auth === 'function') return auth as () => object
  return isPlain(auth) ? auth : refused(`auth of ${call}`, kindOf(auth), 'an object, or a function that gives one')
}

/**
 * Asks a function for each connection of a socket. Where it fails, it is asked again a while later.
 *
 * @param onFailure told of each failure.
 */
export function askEachTime(
  ask: () => unknown,
  call: string,
  socketOf: () => Socket,
  onFailure: (error: unknown) => void,
): (send: (auth: object) => void) => void {
  return (send) => {
    const socket = socketOf()
    const { engine } = socket.io
    // Meanwhile the connection may be lost, or be another one, for which the function is asked by itself.
    const isMeant = (): boolean => socket.active && !socket.connected && socket.io.engine === engine
    const attempt = async (): Promise<void> => {
      try {
        const auth = await ask()
        if (!isPlain(auth)) return refused(`what auth of ${call} gave`, kindOf(auth), 'an object')
        if (isMeant() && engine.readyState === 'open') send(auth)
      } catch (error) {
        if (!isMeant()) return
        setTimeout(() => isMeant() && attempt(), socket.io.reconnectionDelayMax()).unref()
        onFailure(error)
      }
    }
    void attempt()
  }
}
