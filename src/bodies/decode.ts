import { Buffer } from 'node:buffer'
import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { bodyTooLarge } from '../core/body.js'
import { HttpError, httpError } from '../errors.js'

/** Decodes a whole body, where Node has no stream for it; rejects with a RangeError for more than `limit` bytes. */
export type WholeDecoder = (bytes: Uint8Array, limit: number) => Promise<Uint8Array>

/** What one content coding is undone by. */
type Decoder = { readonly stream: () => Transform } | { readonly whole: WholeDecoder }

/** The codings that can be undone here. */
export type Decoders = ReadonlyMap<string, Decoder>

// RFC 9659: the largest window that a sender over HTTP may ask for, 8 MB.
const mostWindow = 23

/** @param decodeZstd for a Node whose own zstd is not there (before 22.15 and 23.8), or takes half a body for a whole. */
export function createDecoders(decodeZstd?: WholeDecoder): Decoders {
  const decoders = new Map<string, Decoder>([
    ['br', { stream: () => zlib.createBrotliDecompress() }],
    ['gzip', { stream: () => zlib.createGunzip() }],
  ])
  const zstd = zstdStream()
  if (zstd !== undefined) decoders.set('zstd', { stream: zstd })
  else if (decodeZstd !== undefined) decoders.set('zstd', { whole: decodeZstd })
  return decoders
}

// Node 22 takes a body that breaks off for a whole one, which would be a part of what was sent: there it is left to others.
function missesEnds(): boolean {
  const decompress: unknown = Reflect.get(zlib, 'zstdDecompressSync')
  if (typeof decompress !== 'function') return false
  try {
    // RFC 8878, 3.1.1: the magic number and a header, without the block that must follow.
    decompress(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58))
    return false
  } catch {
    return true
  }
}

// The types are those of the oldest Node, which has none of it.
function zstdStream(): (() => Transform) | undefined {
  const create: unknown = Reflect.get(zlib, 'createZstdDecompress')
  const windowLogMax: unknown = Reflect.get(zlib.constants, 'ZSTD_d_windowLogMax')
  if (typeof create !== 'function' || typeof windowLogMax !== 'number' || !missesEnds()) return undefined
  return () => create({ params: { [windowLogMax]: mostWindow } }) as Transform
}

/**
 * Undoes content codings as the parts of a body come, and no faster than they are asked for.
 *
 * @param codings in the order in which they were applied; each is known.
 * @param limit bytes that any of them may make.
 * @throws HttpError 413 `BODY_TOO_LARGE`, 400 `BODY_CODING_INVALID`, and what the source throws.
 */
export function decode(
  decoders: Decoders,
  source: AsyncIterable<Uint8Array>,
  codings: readonly string[],
  limit: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let decoded = source
  for (const coding of codings.toReversed()) {
    const decoder = decoders.get(coding)!
    decoded =
      'stream' in decoder
        ? decodeStream(decoded, coding, decoder.stream(), limit)
        : decodeWhole(decoded, coding, decoder.whole, limit)
  }
  return passOn(decoded)
}

async function* passOn(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  yield* source
}

async function* decodeStream(
  source: AsyncIterable<Uint8Array>,
  coding: string,
  decoder: Transform,
  limit: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const feeding = feed(source, decoder)
  let size = 0
  try {
    for await (const part of decoder as AsyncIterable<Uint8Array>) {
      size += part.byteLength
      if (size > limit) throw bodyTooLarge(limit)
      yield part
    }
  } catch (error) {
    throw HttpError.is(error) || !isCodecError(error) ? error : invalid(coding, reasonOf(error), error)
  } finally {
    decoder.destroy()
  }
  const { given, isWhole } = await feeding
  // The library stops at the end of what it knows, and says nothing of bytes behind.
  if (!isWhole || given !== Reflect.get(decoder, 'bytesWritten')) throw invalid(coding, 'there is more after its end')
  if (given === 0) throw invalid(coding, 'it is empty')
}

/** Writes a source into a decoder until either ends; says how much, and whether that was all. */
async function feed(
  source: AsyncIterable<Uint8Array>,
  decoder: Transform,
): Promise<{ readonly given: number; readonly isWhole: boolean }> {
  let given = 0
  let wake: (() => void) | undefined
  const go = (): void => wake?.()
  decoder.on('close', go).on('drain', go)
  try {
    for await (const part of source) {
      given += part.byteLength
      if (decoder.destroyed) return { given, isWhole: false }
      if (decoder.write(part)) continue
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    decoder.end()
  } catch (error) {
    decoder.destroy(error as Error)
  }
  return { given, isWhole: true }
}

async function* decodeWhole(
  source: AsyncIterable<Uint8Array>,
  coding: string,
  decoder: WholeDecoder,
  limit: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  try {
    yield await decoder(Buffer.concat(parts), limit)
  } catch (error) {
    throw error instanceof RangeError ? bodyTooLarge(limit) : invalid(coding, reasonOf(error), error)
  }
}

function isCodecError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && /^(?:Z_|ERR_|ZSTD_|BROTLI_)/.test(String(error.code))
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'Z_BUF_ERROR' ? 'it ends too early' : message
}

function invalid(coding: string, reason: string, cause?: unknown): HttpError {
  return httpError('BODY_CODING_INVALID', { coding, reason }, { cause })
}
