import type { ResponseBody } from '../core/response.js'
import { counted, isStream, type StreamSink } from '../core/stream.js'

/** From here on a body is not handed over whole: the core would hold a copy for as long as its client takes. */
const longBody = 524_288

/** Bytes that are handed over at once. */
const pieceSize = 131_072

/** Whether a body goes out by parts: a stream, or one that is long. */
export function isByParts(body: ResponseBody): boolean {
  return isStream(body) || (body !== undefined && body.length > longBody)
}

/** A sink that hands over no more at once than may wait, and cuts a body off that is not as long as it was said to be. */
export function inPieces(sink: StreamSink, length: number): StreamSink {
  const whole = length < 0 ? sink : counted(sink, length)
  return {
    cut: () => whole.cut(),
    end: () => whole.end(),
    write: (chunk) => (chunk.byteLength <= longBody ? whole.write(chunk) : writePieces(whole, chunk)),
  }
}

async function writePieces(sink: StreamSink, chunk: Uint8Array): Promise<boolean> {
  for (let start = 0; start < chunk.byteLength; start += pieceSize) {
    if (!(await sink.write(chunk.subarray(start, start + pieceSize)))) return false
  }
  return true
}
