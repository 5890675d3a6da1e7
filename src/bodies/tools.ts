import type { BodyTools } from '../core/multipart.js'
import { createDecoders, decode, type WholeDecoder } from './decode.js'
import { readParts } from './multipart.js'

/**
 * What requests need to read bodies that are coded or have parts.
 *
 * @param decodeZstd where Node has no zstd of its own.
 */
export function createBodyTools(decodeZstd?: WholeDecoder): BodyTools {
  const decoders = createDecoders(decodeZstd)
  return {
    codings: [...decoders.keys()].sort(),
    decode: (source, codings, limit) => decode(decoders, source, codings, limit),
    multipart: readParts,
  }
}
