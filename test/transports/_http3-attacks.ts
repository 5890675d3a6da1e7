// What a client of HTTP/3 may try to keep a server busy, or to have it keep things, at little cost to itself.
import type { Http3Connection } from '../_http3.js'
import { Code, Frame, frame, headers, request, Stream, varint } from './_http3-frames.js'

/** A frame that nobody knows; clients send a few, so that nobody relies on there being none (RFC 9114, 7.2.8). */
export const unknown = 0x21
/** What a frame says of its length that is to have no end. */
const endless = 2 ** 53

export const settings: Buffer = frame(Frame.settings)
export const control = (...frames: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([Stream.control]), ...frames])
export const many = (count: number, one: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => one))
export const never: Buffer = request('GET', '/never')
export const post: Buffer = request('POST', '/length')
export const long: Buffer = Buffer.alloc(65_536)

export const uni = { kind: 'uni' } as const

export interface Attack {
  readonly code: number
  readonly name: string
  /** Sends what one stream brings of it. */
  run(on: Http3Connection): void
  /** How often; once by default, and not after the connection has ended. */
  readonly times?: number
}

export const tooMuch: number = Code.excessiveLoad

export const attacks: readonly Attack[] = [
  {
    code: tooMuch,
    name: 'rapid reset',
    run: (on) => void on.write(never, { reset: Code.requestCancelled, stop: Code.requestCancelled }),
    times: 4000,
  },
  {
    code: tooMuch,
    name: 'rapid reset of streams that have brought nothing',
    run: (on) => void on.write(Buffer.alloc(0), { reset: Code.requestCancelled }),
    times: 4000,
  },
  {
    code: tooMuch,
    name: 'STOP_SENDING after whole requests',
    run: (on) => void on.write(never, { end: true, stop: Code.requestCancelled }),
    times: 4000,
  },
  {
    code: tooMuch,
    name: 'malformed requests',
    run: (on) => void on.write(headers([[':method', 'GET']]), { end: true }),
    times: 4000,
  },
  {
    code: tooMuch,
    name: 'malformed trailers',
    run: (on) => void on.write(Buffer.concat([post, headers([[':path', '/']])]), { end: true }),
    times: 4000,
  },
  {
    code: tooMuch,
    name: 'unknown frames on the control stream',
    run: (on) => void on.write(control(settings, many(5000, frame(unknown))), uni),
  },
  {
    code: tooMuch,
    name: 'an unknown frame without an end on the control stream',
    run: (on) =>
      // What is sent again and again is all of it content of that frame.
      void on.write(control(settings, varint(unknown), varint(endless), long), { ...uni, times: 2000 }),
  },
  {
    code: tooMuch,
    name: 'an unknown frame without an end before a head',
    run: (on) => void on.write(Buffer.concat([varint(unknown), varint(endless), long]), { times: 2000 }),
  },
  {
    code: tooMuch,
    name: 'an unknown frame without an end in a body',
    run: (on) => void on.write(Buffer.concat([post, varint(unknown), varint(endless), long]), { times: 2000 }),
  },
  {
    code: tooMuch,
    name: 'GOAWAY',
    run: (on) => void on.write(control(settings, many(5000, frame(Frame.goAway, varint(0)))), uni),
  },
  {
    code: tooMuch,
    name: 'MAX_PUSH_ID',
    run: (on) => void on.write(control(settings, many(5000, frame(Frame.maxPushId, varint(7)))), uni),
  },
  {
    code: Code.frameUnexpected,
    name: 'SETTINGS',
    run: (on) => void on.write(control(many(5000, settings)), uni),
  },
  {
    code: Code.settings,
    name: 'settings without an end to their number',
    run: (on) =>
      void on.write(
        control(frame(Frame.settings, Buffer.concat(Array.from({ length: 500 }, (_, at) => many(1, pair(at)))))),
        uni,
      ),
  },
  {
    code: Code.excessiveLoad,
    name: 'settings without an end',
    run: (on) => void on.write(control(varint(Frame.settings), varint(endless), long), { ...uni, times: 2000 }),
  },
  {
    code: Code.excessiveLoad,
    name: 'a GOAWAY without an end',
    run: (on) => void on.write(control(settings, varint(Frame.goAway), varint(endless), long), uni),
  },
  {
    code: tooMuch,
    name: 'streams of unknown kinds',
    run: (on) => void on.write(Buffer.from([unknown, 1, 2, 3]), { ...uni, end: true }),
    times: 4000,
  },
  {
    code: tooMuch,
    name: 'streams that end before they say what they are',
    run: (on) => void on.write(Buffer.alloc(0), { ...uni, end: true }),
    times: 4000,
  },
  {
    code: tooMuch,
    name: 'streams that are reset before they say what they are',
    run: (on) => void on.write(Buffer.from([0xc0, 0]), { ...uni, reset: Code.no }),
    times: 4000,
  },
  { code: Code.streamCreation, name: 'a push', run: (on) => void on.write(Buffer.from([Stream.push, 0]), uni) },
  {
    code: Code.frameUnexpected,
    name: 'PUSH_PROMISE in a request',
    run: (on) => void on.write(Buffer.concat([post, frame(Frame.pushPromise, Buffer.from([0, 0, 0]))])),
  },
  {
    code: Code.frameUnexpected,
    name: 'PUSH_PROMISE on the control stream',
    run: (on) => void on.write(control(settings, frame(Frame.pushPromise, Buffer.from([0, 0, 0]))), uni),
  },
  {
    code: Code.id,
    name: 'CANCEL_PUSH',
    run: (on) => void on.write(control(settings, frame(Frame.cancelPush, varint(0))), uni),
  },
  {
    code: Code.encoderStream,
    name: 'an insertion into the dynamic table',
    run: (on) => void on.write(Buffer.from([Stream.encoder, 0xc1, 1, 97]), uni),
  },
  {
    code: Code.encoderStream,
    name: 'a dynamic table of a gigabyte',
    run: (on) => void on.write(Buffer.from([Stream.encoder, 0x3f, 0xff, 0xff, 0xff, 0xff, 3]), uni),
  },
  {
    code: Code.encoderStream,
    name: 'a number without an end on the encoder stream',
    run: (on) => void on.write(Buffer.concat([Buffer.from([Stream.encoder, 0x3f]), Buffer.alloc(1e5, 0xff)]), uni),
  },
  {
    code: tooMuch,
    name: 'a dynamic table of nothing, again and again',
    run: (on) => void on.write(Buffer.concat([Buffer.from([Stream.encoder]), Buffer.alloc(5000, 0x20)]), uni),
  },
  {
    code: Code.decoderStream,
    name: 'a number without an end on the decoder stream',
    run: (on) => void on.write(Buffer.concat([Buffer.from([Stream.decoder, 0x7f]), Buffer.alloc(1e5, 0x80)]), uni),
  },
  {
    code: Code.decoderStream,
    name: 'an acknowledgement of nothing',
    run: (on) => void on.write(Buffer.from([Stream.decoder, 0x01]), uni),
  },
  {
    code: tooMuch,
    name: 'cancellations of streams',
    run: (on) => void on.write(Buffer.concat([Buffer.from([Stream.decoder]), Buffer.alloc(5000, 0x44)]), uni),
  },
  {
    code: Code.decompression,
    name: 'a head with a name of 2^60 bytes',
    run: (on) => void on.write(frame(Frame.headers, Buffer.from([0, 0, 0x27, ...Array(8).fill(0xff), 0x7f]))),
  },
  {
    code: Code.decompression,
    name: 'a head that needs 2^60 insertions',
    run: (on) => void on.write(frame(Frame.headers, Buffer.from([0xff, ...Array(8).fill(0xff), 0x7f, 0]))),
  },
]

// A setting that nobody knows (RFC 9114, 7.2.4.1).
export function pair(at: number): Buffer {
  return Buffer.concat([varint(0x1f * at + 0x21), varint(1)])
}
