import { describe, HotpressError } from '../errors.js'
import { type NativeCodec, nativeCodec } from './codec.js'
import * as fallback from './fallback/index.js'
import type { Binding } from './types.js'

const remedy = 'run `npx node-gyp rebuild` in the folder of the package to build one (it takes cargo)'

/**
 * Settles which binding to use.
 *
 * @param wanted - `HOTPRESS_NATIVE`: `off` takes the fallback, `on` makes a missing binary an error, and without it
 *   the fallback is taken where no binary fits.
 * @param load - Gives the exports of the binary, or throws.
 * @throws HotpressError `OPTION_INVALID` for any other value, `NATIVE_REQUIRED` when it is `on` and no binary fits.
 */
export function chooseBinding(wanted: string | undefined, load: () => unknown): Binding {
  if (wanted === 'off') return standIn('HOTPRESS_NATIVE=off')
  // Compose files and shells set what they leave out to the empty text.
  if (wanted !== undefined && wanted !== '' && wanted !== 'on') {
    const takes = '"on", "off" or nothing'
    throw new HotpressError('OPTION_INVALID', { got: describe(wanted), option: 'HOTPRESS_NATIVE', takes })
  }
  const found = native(load)
  if (typeof found !== 'string') return found
  if (wanted === 'on') throw new HotpressError('NATIVE_REQUIRED', { reason: found, value: wanted })
  return standIn(found)
}

function standIn(reason: string): Binding {
  return { ...fallback, kind: 'fallback', reason, version: 'fallback' }
}

/** The native binding, or the sentence that says why there is none. */
function native(load: () => unknown): Binding | string {
  let loaded: unknown
  try {
    loaded = load()
  } catch (error) {
    return `no native binary for ${platform()} could be loaded${cause(error)}; ${remedy}`
  }
  try {
    if (isNative(loaded)) {
      const { bindShared, createCodec, createRouter, limitReceiveBuffers } = loaded
      return {
        bindShared: process.platform === 'win32' ? undefined : bindShared,
        createCodec: (workers) => nativeCodec(createCodec(workers)),
        createRouter,
        kind: 'native',
        limitReceiveBuffers,
        version: loaded.version(),
      }
    }
  } catch (error) {
    return `the native binary for ${platform()} does not work here${cause(error)}; ${remedy}`
  }
  return `the native binary for ${platform()} is of another version of hotpress; ${remedy}`
}

type Native = Pick<Binding, 'createRouter' | 'limitReceiveBuffers'> & {
  bindShared(address: string, port: number): number
  createCodec(workers: number): NativeCodec
  version(): string
}

/** Makes a codec and a router, since a binary that loads may still be of another version, or refused what it needs by its host. */
function isNative(loaded: unknown): loaded is Native {
  const exported = loaded as Partial<Native> | null | undefined
  if (typeof exported?.createRouter !== 'function' || typeof exported.version !== 'function') return false
  if (typeof exported.bindShared !== 'function') return false
  if (typeof exported.createCodec !== 'function' || typeof exported.limitReceiveBuffers !== 'function') return false
  const { cancel, compress, decompress } = exported.createCodec(1)
  const { insert, match, offsets } = exported.createRouter()
  const functions: readonly unknown[] = [cancel, compress, decompress, insert, match]
  return functions.every((each) => typeof each === 'function') && offsets instanceof Uint32Array
}

function platform(): string {
  const name = `${process.platform}-${process.arch}`
  if (process.platform !== 'linux') return name
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  const glibc = header?.glibcVersionRuntime
  return `${name} (${glibc === undefined ? 'musl' : `glibc ${glibc}`})`
}

/** What the system says, such as a missing symbol. That nothing was found says no more than the sentence around it. */
function cause(error: unknown): string {
  const [line = ''] = String(error instanceof Error ? error.message : error).split('\n')
  return line.startsWith('No native build was found') ? '' : `: ${line}`
}
