import os from 'node:os'
import { type ContentCoding, contentCodings } from '../core/accept-encoding.js'
import type { Encoder } from '../core/encoder.js'
import { type Meter, metered } from '../core/metric.js'
import { binding, type Codec } from '../native/binding.js'

/** A level for each coding: br 0 to 11, gzip 1 to 9, zstd 1 to 19. */
export type Levels = Readonly<Record<ContentCoding, number>>

/**
 * As small as the defaults of other servers (br 4 and gzip 6 of node:zlib) make a body, at half the work: see
 * docs/compression.md for the measurements.
 */
export const defaultLevels: Levels = { br: 4, gzip: 5, zstd: 3 }

/** What is left when there is no time: a third of the work, for a tenth more bytes. */
const fastest: Levels = { br: 1, gzip: 1, zstd: 1 }

/** How many bodies may wait for the thread pool unless it is told otherwise. */
export const defaultQueue = 256

/**
 * How many bodies are compressed at once unless it is told otherwise: one for each core, with one thread of the pool left
 * to reads of files and look-ups of names.
 */
export function defaultConcurrency(): number {
  // As libuv reads it: 4 unless it is set.
  const threads = Number.parseInt(process.env.UV_THREADPOOL_SIZE ?? '', 10) || 4
  return Math.max(1, Math.min(os.availableParallelism(), threads - 1))
}

/** What an encoder is made with. */
export interface EncoderOptions {
  /** What it compresses, for metrics. */
  readonly bodies?: 'files' | 'responses'
  readonly codec?: Codec
  readonly concurrency?: number
  readonly levels?: Partial<Levels>
  readonly queue?: number
}

/** An encoder over the thread pool, by the native core or node:zlib. */
export interface PoolEncoder extends Encoder {
  /** What it does now, and what it has left alone. */
  readonly families: Meter
  /** Whether a body that comes now would be compressed at the fastest level. */
  readonly isHurried: boolean
  /** Whether a body would wait for its turn: then it is worth to have a signal that takes it out of the queue. */
  readonly isOccupied: boolean
}

// What names a task that may be cancelled; 0 names none.
let lastTicket = 0

function nextTicket(): number {
  lastTicket = lastTicket === 0xffff_ffff ? 1 : lastTicket + 1
  return lastTicket
}

/**
 * Makes an encoder with a bounded queue. A body that comes when half of the queue is taken is compressed at the fastest
 * level, and one that comes when all of it is taken is left as it is.
 */
export function createEncoder(options: EncoderOptions = {}): PoolEncoder {
  const { concurrency = defaultConcurrency(), queue = defaultQueue } = options
  const codec = options.codec ?? binding().createCodec(concurrency)
  const levels = { ...defaultLevels, ...options.levels }
  /** Bodies that are with the codec: in work, or waiting there. */
  let held = 0
  let skipped = 0
  const isHurried = (): boolean => held >= concurrency + queue / 2

  async function compress(body: Uint8Array | string, coding: ContentCoding, level: number, signal?: AbortSignal) {
    if (signal === undefined) return codec.compress(body, coding, level)
    signal.throwIfAborted()
    const ticket = nextTicket()
    const cancel = (): void => {
      codec.cancel(ticket)
    }
    signal.addEventListener('abort', cancel, { once: true })
    try {
      return await codec.compress(body, coding, level, ticket)
    } catch (error) {
      throw isCancelled(error) ? signal.reason : error
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }

  return {
    codings: contentCodings.filter((coding) => codec.codings.includes(coding)),
    async encode(body, coding, signal) {
      if (held >= concurrency + queue) {
        skipped++
        return undefined
      }
      const level = isHurried() ? Math.min(fastest[coding], levels[coding]) : levels[coding]
      held++
      try {
        return await compress(body, coding, level, signal)
      } finally {
        held--
      }
    },
    families: () => {
      const labels = { bodies: options.bodies ?? 'responses' }
      return [
        {
          help: 'Bodies that are compressed, or wait for their turn.',
          name: 'hotpress_compression_pending',
          series: [{ labels, value: held }],
          type: 'gauge',
        },
        {
          help: 'Bodies that were sent as they are, since too many waited to be compressed.',
          name: 'hotpress_compression_skipped_total',
          series: [{ labels, value: skipped }],
          type: 'counter',
        },
      ]
    },
    get isHurried() {
      return isHurried()
    },
    get isOccupied() {
      return held >= concurrency
    },
  }
}

function isCancelled(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'CANCELLED'
}

/**
 * An encoder for files, made when it is first asked for. They are compressed once and kept, in the background: as small as an
 * answer cannot wait for, one at a time, and with a queue that is never so full that less is made of them.
 */
export function createFileEncoder(): () => Encoder {
  let encoder: PoolEncoder | undefined
  const make = (): Encoder => {
    encoder ??= createEncoder({ bodies: 'files', concurrency: 1, levels: { br: 9, gzip: 9, zstd: 15 }, queue: 100_000 })
    return encoder
  }
  return metered(make, () => encoder?.families() ?? [])
}
