import { Buffer } from 'node:buffer'
import zlib from 'node:zlib'
import { Limiter } from '../../core/limiter.js'
import type { Codec, Coding } from '../types.js'

type Callback = (error: Error | null, result: Buffer) => void

/** What newer versions of Node have beside what their oldest types say. */
interface Zstd {
  readonly constants: Readonly<Record<string, number>>
  zstdCompress(body: Uint8Array, options: object, callback: Callback): void
  zstdDecompress(body: Uint8Array, options: object, callback: Callback): void
  zstdDecompressSync(body: Uint8Array): Buffer
}

const zstd: Zstd | undefined = 'zstdCompress' in zlib ? (zlib as unknown as Zstd) : undefined

// RFC 9659: whoever asks for a larger window asks for the memory.
const windowLog = 23

const lowest: Readonly<Record<Coding, number>> = { br: 0, gzip: 1, zstd: 1 }
const highest: Readonly<Record<Coding, number>> = { br: 11, gzip: 9, zstd: 19 }

/** Compression by node:zlib, on the same thread pool. */
export function createCodec(workers: number): Codec {
  const limiter = new Limiter(workers)
  const decodes = zstd !== undefined && missesEnds(zstd)
  return {
    cancel: (ticket) => limiter.cancel(ticket),
    codings: zstd === undefined ? ['br', 'gzip'] : ['br', 'gzip', 'zstd'],
    compress(body, coding, level, ticket) {
      const task = taken(body, coding, level)
      return limiter.run(task, ticket)
    },
    ...(decodes ? { decompress: (body, limit) => limiter.run(decoding(zstd, body, limit)) } : {}),
  }
}

// Node 22 takes a body that breaks off for a whole one.
function missesEnds({ zstdDecompressSync }: Zstd): boolean {
  try {
    // RFC 8878, 3.1.1: the magic number and a header, without the block that must follow.
    zstdDecompressSync(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58))
    return false
  } catch {
    return true
  }
}

function taken(body: Uint8Array | string, coding: Coding, level: number): () => Promise<Uint8Array> {
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw new TypeError('a body is a string or a Uint8Array')
  }
  if (!Number.isInteger(level) || level < lowest[coding] || level > highest[coding]) {
    throw new RangeError('a level is a whole number: br 0 to 11, gzip 1 to 9, zstd 1 to 19')
  }
  // A copy of bytes: they may be changed while the pool reads them.
  const bytes = Buffer.from(body as string)
  return () => promised((callback) => start(bytes, coding, level, callback), 'BROKEN')
}

function start(bytes: Buffer, coding: Coding, level: number, callback: Callback): void {
  const { constants } = zlib
  // Room for most results in one piece.
  const chunkSize = Math.max(1024, bytes.length >> 1)
  if (coding === 'gzip') {
    zlib.gzip(bytes, { chunkSize, level }, callback)
  } else if (coding === 'br') {
    const window = Math.min(22, Math.max(10, Math.ceil(Math.log2(bytes.length + 16))))
    const params = {
      [constants.BROTLI_PARAM_LGWIN]: window,
      [constants.BROTLI_PARAM_QUALITY]: level,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    }
    zlib.brotliCompress(bytes, { chunkSize, params }, callback)
  } else if (zstd === undefined) {
    throw new RangeError('this Node has no zstd, and the native core is not there')
  } else {
    const params = { [zstd.constants.ZSTD_c_compressionLevel!]: level }
    zstd.zstdCompress(bytes, { chunkSize, params, pledgedSrcSize: bytes.length }, callback)
  }
}

function decoding(zstd: Zstd, body: Uint8Array, limit: number): () => Promise<Uint8Array> {
  const params = { [zstd.constants.ZSTD_d_windowLogMax!]: windowLog }
  // 0 is no limit that node:zlib takes.
  const maxOutputLength = Math.min(Math.max(1, limit), 2 ** 31)
  const bytes = Buffer.from(body)
  return async () => {
    const decoded = await promised(
      (callback) => zstd.zstdDecompress(bytes, { maxOutputLength, params }, callback),
      'MALFORMED',
    )
    if (decoded.byteLength > limit) throw failure('TOO_LARGE')
    return decoded
  }
}

const messages = {
  BROKEN: 'the codec failed',
  MALFORMED: 'the data is malformed or cut short',
  TOO_LARGE: 'the data is larger than the limit once it is decoded',
} as const

function failure(code: keyof typeof messages, cause?: Error): Error {
  return Object.assign(new Error(messages[code], { cause }), { code })
}

function promised(begin: (callback: Callback) => void, code: keyof typeof messages): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    begin((error, result) => {
      if (error === null) resolve(result)
      else {
        const isTooLarge = 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
        reject(failure(isTooLarge ? 'TOO_LARGE' : code, error))
      }
    })
  })
}
