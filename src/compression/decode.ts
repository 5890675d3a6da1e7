import { binding } from '../native/binding.js'
import { defaultConcurrency } from './encode.js'

/**
 * What decodes a whole body in zstd; undefined where neither the native core nor Node can. The promise is rejected with a
 * RangeError for more than `limit` bytes.
 */
export function zstdDecoder(): ((bytes: Uint8Array, limit: number) => Promise<Uint8Array>) | undefined {
  const { decompress } = binding().createCodec(defaultConcurrency())
  if (decompress === undefined) return undefined
  return async (bytes, limit) => {
    try {
      return await decompress(bytes, limit)
    } catch (error) {
      if (!isTooLarge(error)) throw error
      throw new RangeError(error.message, { cause: error })
    }
  }
}

function isTooLarge(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'TOO_LARGE'
}
