import type * as Uws from 'uWebSockets.js'

/** What is kept open; undefined once it is over. */
interface Life {
  readonly res: Uws.HttpResponse | undefined
}

/** Milliseconds: less than half of what the library gives a connection by which nothing is sent. */
const interval = 4000

// The library has one time for all connections, between requests and within an answer. Its resume() begins that time anew.
const streams = new Map<Life, () => boolean>()
let timer: NodeJS.Timeout | undefined

function touch(): void {
  for (const [life, isWaiting] of streams) {
    if (life.res === undefined) release(life)
    // A client that takes nothing has that time and no more.
    else if (isWaiting()) life.res.resume()
  }
}

/**
 * Keeps the connection of a stream that has nothing to send.
 *
 * @param isWaiting whether it is the source that is waited for, and not the client.
 */
export function keepAlive(life: Life, isWaiting: () => boolean): void {
  streams.set(life, isWaiting)
  timer ??= setInterval(touch, interval)
}

/** The stream is over. */
export function release(life: Life): void {
  streams.delete(life)
  if (streams.size > 0) return
  clearInterval(timer)
  timer = undefined
}
