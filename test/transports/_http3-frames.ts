// Frames of HTTP/3 (RFC 9114, 7) and sections of fields (RFC 9204) as bytes, for what no client of HTTP/3 would send.

export type Fields = readonly (readonly [name: string, value: string])[]

export const Frame = {
  cancelPush: 0x3,
  data: 0x0,
  goAway: 0x7,
  headers: 0x1,
  maxPushId: 0xd,
  pushPromise: 0x5,
  settings: 0x4,
} as const

/** Kinds of streams that a client opens for itself (RFC 9114, 6.2; RFC 9204, 4.2). */
export const Stream = { control: 0x0, decoder: 0x3, encoder: 0x2, push: 0x1 } as const

/** Errors (RFC 9114, 8.1; RFC 9204, 6). */
export const Code = {
  closedCriticalStream: 0x104,
  decoderStream: 0x202,
  decompression: 0x200,
  encoderStream: 0x201,
  excessiveLoad: 0x107,
  frame: 0x106,
  frameUnexpected: 0x105,
  id: 0x108,
  internal: 0x102,
  message: 0x10e,
  no: 0x100,
  requestCancelled: 0x10c,
  settings: 0x109,
  streamCreation: 0x103,
} as const

/** A number of variable length (RFC 9000, 16). */
export function varint(value: number): Buffer {
  if (value < 2 ** 6) return Buffer.from([value])
  if (value < 2 ** 14) return Buffer.from([0x40 | (value >> 8), value & 0xff])
  const out = Buffer.alloc(value < 2 ** 30 ? 4 : 8)
  if (out.length === 4) out.writeUInt32BE((0x80000000 | value) >>> 0)
  else out.writeBigUInt64BE(BigInt(value) | (3n << 62n))
  return out
}

export function frame(kind: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  return Buffer.concat([varint(kind), varint(payload.length), payload])
}

/** A number behind flags, in a first byte that has so many bits for it (RFC 9204, 4.1.1). */
function prefixed(flags: number, bits: number, value: number): Buffer {
  const most = 2 ** bits - 1
  if (value < most) return Buffer.from([flags | value])
  const out = [flags | most]
  let rest = value - most
  for (; rest >= 0x80; rest >>= 7) out.push((rest & 0x7f) | 0x80)
  return Buffer.from([...out, rest])
}

/** A section of fields, each written out. */
export function section(fields: Fields): Buffer {
  const parts = fields.flatMap(([name, value]) => [
    prefixed(0x20, 3, name.length),
    Buffer.from(name, 'latin1'),
    prefixed(0, 7, value.length),
    Buffer.from(value, 'latin1'),
  ])
  return Buffer.concat([Buffer.from([0, 0]), ...parts])
}

/** A HEADERS frame: a head, or what stands after a body. */
export const headers = (fields: Fields): Buffer => frame(Frame.headers, section(fields))

export function request(method: string, path: string, fields: Fields = []): Buffer {
  const pseudo: Fields = [
    [':method', method],
    [':scheme', 'https'],
    [':authority', 'localhost'],
    [':path', path],
  ]
  return headers([...pseudo, ...fields])
}

// What the static table has of `:status` (RFC 9204, appendix A).
const statuses: Readonly<Record<number, number>> = { 25: 200, 27: 404, 28: 503, 64: 204, 67: 400, 68: 403, 71: 500 }

/** An answer: its status, and what its DATA frames carry. */
export function answerOf(bytes: Buffer): { readonly body: Buffer; readonly status: number | undefined } {
  const body: Buffer[] = []
  let status: number | undefined
  for (let at = 0; at < bytes.length; ) {
    const [kind, afterKind] = readVarint(bytes, at)
    const [length, start] = readVarint(bytes, afterKind)
    at = start + length
    if (kind === Frame.data) body.push(bytes.subarray(start, at))
    else if (kind === Frame.headers) status ??= statusOf(bytes.subarray(start + 2, at))
  }
  return { body: Buffer.concat(body), status }
}

// The first field of a section: in the static table, or written out behind its number there.
function statusOf([first = 0, second = 0, ...rest]: Buffer): number | undefined {
  if (first < 0x80) return Number(Buffer.from(rest.slice(1, 4)).toString())
  return statuses[first === 0xff ? 63 + second : first & 0x3f]
}

function readVarint(bytes: Buffer, at: number): [value: number, after: number] {
  const length = 1 << (bytes[at]! >> 6)
  let value = bytes[at]! & 0x3f
  for (let index = 1; index < length; index++) value = value * 256 + bytes[at + index]!
  return [value, at + length]
}
