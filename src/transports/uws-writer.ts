import type * as Uws from 'uWebSockets.js'
import type { StreamSink } from '../core/stream.js'

/** The life of one native response, as its exchange knows it. */
export interface UwsLife {
  /** The response; undefined once it has ended or its socket is gone. */
  readonly res: Uws.HttpResponse | undefined
  /** The response has ended by a native call. */
  ended(): void
  /** Sets what is to be called when the socket goes away. */
  onGone(callback: (() => void) | undefined): void
}

/** Writes a body of unknown length as chunks. */
export function chunkedSink(life: UwsLife, closes: boolean): StreamSink {
  const end = (): void => {
    const { res } = life
    if (res === undefined) return
    // end() that is to close would write a header line into the body: nothing more is read instead.
    res.cork(() => {
      if (closes) res.pause()
      res.end()
    })
    life.ended()
  }
  return {
    cut: () => void life.res?.close(),
    // The end may be a matter of the body that is just being read: see UwsExchange on what comes after the last answer.
    end: () => void (closes ? setImmediate(end) : end()),
    write(chunk) {
      const { res } = life
      if (res === undefined) return false
      let hasRoom = false
      res.cork(() => {
        hasRoom = res.write(chunk as Uint8Array<ArrayBuffer>)
      })
      if (hasRoom) return true
      return new Promise((resolve) => {
        life.onGone(() => resolve(false))
        res.onWritable(() => {
          life.onGone(undefined)
          resolve(true)
          return true
        })
      })
    },
  }
}

/**
 * Writes a body of known length. What the socket does not take stays with us, not in a buffer of the library, and goes
 * on when there is room. A source that gives more or less than it said is cut off.
 */
export function lengthSink(life: UwsLife, total: number): StreamSink {
  let sent = 0
  return {
    cut: () => void life.res?.close(),
    // All of it would have ended the response: what is left open is short of its length.
    end() {
      const { res } = life
      if (res === undefined) return
      if (total > 0) res.close()
      else attempt(res, new Uint8Array(0))
    },
    write(chunk) {
      const { res } = life
      if (sent + chunk.byteLength > total)
        throw new RangeError(`the stream gives more than its length of ${total} bytes`)
      if (res === undefined) return false
      const start = sent
      sent += chunk.byteLength
      if (attempt(res, chunk)) return true
      return new Promise((resolve) => {
        life.onGone(() => resolve(false))
        res.onWritable((offset) => {
          if (!attempt(res, chunk.subarray(offset - start))) return false
          life.onGone(undefined)
          resolve(true)
          return true
        })
      })
    },
  }

  function attempt(res: Uws.HttpResponse, chunk: Uint8Array): boolean {
    let isTaken = false
    let isDone = false
    res.cork(() => {
      ;[isTaken, isDone] = res.tryEnd(chunk as Uint8Array<ArrayBuffer>, total)
    })
    if (isDone) life.ended()
    return isTaken || isDone
  }
}
