import type { Codec, Coding } from './types.js'

/** The codec as the binary exports it: codings are numbers. */
export interface NativeCodec {
  cancel(ticket: number): boolean
  compress(body: Uint8Array | string, coding: number, level: number, ticket?: number): Promise<Uint8Array>
  decompress(body: Uint8Array, limit: number): Promise<Uint8Array>
}

// As in native/src/codec/binding.rs.
const numbers: Readonly<Record<Coding, number>> = { br: 0, gzip: 1, zstd: 2 }

/** The binary's codec under the names of the codings. */
export function nativeCodec({ cancel, compress, decompress }: NativeCodec): Codec {
  return {
    cancel,
    codings: ['br', 'gzip', 'zstd'],
    compress: (body, coding, level, ticket) => compress(body, numbers[coding], level, ticket),
    decompress,
  }
}
