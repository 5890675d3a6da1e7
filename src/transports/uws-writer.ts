import type * as Uws from 'uWebSockets.js'
import type { StreamSink } from '../core/stream.js'
import { keepAlive, release } from './uws-keep-alive.js'

/** The life of one native response, as its exchange knows it. */
export interface UwsLife {
  /** The response; undefined once it has ended or its socket is gone. */
  readonly res: Uws.HttpResponse | undefined
  /** The response has ended by a native call. */
  ended(): void
  /**
   * All is written, and the response stays outstanding until the client leaves, or for a while.
   *
   * @param isFull whether the library may still hold back a part of it.
   */
  lingers(isFull: boolean): void
  /** Sets what is to be called when the socket goes away. */
  onGone(callback: (() => void) | undefined): void
}

// What a full buffer of the library is tried with. Whenever a socket is writable, more than this goes out.
const probeSize = 1024

/**
 * What becomes of the connection after a stream: it goes on; the library closes it, as the client has wished; or it is
 * for us to see to that nothing more comes by it.
 */
export type Afterwards = 'closes' | 'keeps' | 'lingers'

/**
 * Writes a body of unknown length as chunks.
 *
 * @param mayResume whether nothing of the request's body is held back, so that reading on changes nothing.
 */
export function chunkedSink(life: UwsLife, afterwards: Afterwards, mayResume: boolean): StreamSink {
  let hasBegun = false
  let isFull = false
  // Where a handler waits for room the library leaves its own buffer alone, until something is written or uncorked.
  const room = roomOf(life, () => life.res?.cork(() => {}))

  function put(chunk: Uint8Array): boolean {
    const { res } = life
    if (!hasBegun && mayResume) keepAlive(life, () => !isFull)
    hasBegun = true
    res?.cork(() => {
      isFull = !res.write(chunk as Uint8Array<ArrayBuffer>)
    })
    return !isFull
  }

  // Only when it is given more does the library tell whether it still holds something back: a little, until it does not.
  async function putMore(chunk: Uint8Array): Promise<boolean> {
    let start = 0
    while (isFull && start < chunk.byteLength) {
      const end = start + probeSize
      if (!put(chunk.subarray(start, end)) && !(await room(() => true))) return false
      start = end
    }
    return start >= chunk.byteLength || put(chunk.subarray(start)) || room(() => true)
  }

  function end(): void {
    const { res } = life
    release(life)
    if (res === undefined) return
    if (afterwards === 'lingers' && hasBegun) {
      // After a chunk, an end() that is to close writes its header line into the body, and one that is not has the next
      // request served. So the last chunk is written past the library, with an extension for what a header needs: while
      // the response is outstanding, the library cuts a connection by which anything more comes.
      res.cork(() => res.writeHeader('\r\n0;a="', '"\r\n'))
      life.lingers(isFull)
    } else {
      res.cork(() => res.end(undefined, afterwards === 'lingers'))
      life.ended()
    }
  }

  return {
    cut: () => void life.res?.close(),
    // The end may be a matter of the body that is just being read: see UwsExchange on what comes after the last answer.
    end: () => void (afterwards === 'keeps' ? end() : setImmediate(end)),
    write(chunk) {
      if (life.res === undefined) return false
      if (isFull) return putMore(chunk)
      return put(chunk) || room(() => true)
    },
  }
}

/**
 * Writes a body of known length. What the socket does not take stays with us, not in a buffer of the library, and goes
 * on when there is room. A source that gives more or less than it said is cut off.
 */
export function lengthSink(life: UwsLife, total: number): StreamSink {
  let sent = 0
  const room = roomOf(life, () => {})

  function attempt(chunk: Uint8Array): boolean {
    const { res } = life
    let isTaken = false
    let isDone = false
    res?.cork(() => {
      ;[isTaken, isDone] = res.tryEnd(chunk as Uint8Array<ArrayBuffer>, total)
    })
    if (isDone) life.ended()
    return isTaken || isDone
  }

  return {
    cut: () => void life.res?.close(),
    // All of it would have ended the response: what is left open is short of its length.
    end() {
      if (total > 0) life.res?.close()
      else attempt(new Uint8Array(0))
    },
    write(chunk) {
      if (sent + chunk.byteLength > total)
        throw new RangeError(`the stream gives more than its length of ${total} bytes`)
      if (life.res === undefined) return false
      const start = sent
      sent += chunk.byteLength
      return attempt(chunk) || room((offset) => attempt(chunk.subarray(offset - start)))
    },
  }
}

/**
 * Makes what waits for a socket to have room again. The library is given one handler, once: it forgets a handler that is
 * set while another runs, and with it all that its promise sets off.
 *
 * @param before called first, each time that the socket has room.
 * @returns a function that resolves when `retry` has come to say true, with false when the client is gone.
 */
function roomOf(life: UwsLife, before: () => void): (retry: (offset: number) => boolean) => Promise<boolean> {
  let isSet = false
  let waiting: { readonly resolve: (isOpen: boolean) => void; readonly retry: (offset: number) => boolean } | undefined

  function onWritable(offset: number): boolean {
    before()
    if (waiting === undefined) return true
    const { resolve, retry } = waiting
    if (!retry(offset)) return false
    waiting = undefined
    life.onGone(undefined)
    resolve(true)
    return true
  }

  return (retry) =>
    new Promise((resolve) => {
      const { res } = life
      if (res === undefined) {
        resolve(false)
        return
      }
      waiting = { resolve, retry }
      life.onGone(() => resolve(false))
      if (!isSet) res.onWritable(onWritable)
      isSet = true
    })
}
