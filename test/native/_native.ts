import { chooseBinding } from '../../src/native/choose.js'
import load from '../../src/native/load.cjs'
import type { Binding } from '../../src/native/types.js'

/** The native binding whatever `HOTPRESS_NATIVE` says, or the fallback with the reason why it is not there. */
export const native: Binding = chooseBinding(undefined, load)

/** Why tests of the native binary do not run here; undefined when they do. */
export const withoutNative: string | undefined = native.kind === 'native' ? undefined : native.reason

/** Matches many paths on a table that only a thread of this name has; returns where its parameter was found. */
export function matchOften(name: string): readonly number[] {
  const router = native.createRouter()
  router.insert(`/${name}/:`, 7)
  const path = `/${name}/xyz`
  for (let round = 0; round < 50_000; round++) {
    if (router.match(path) !== 7 || router.match('/other/x') !== -1) throw new Error(`a wrong match in ${name}`)
  }
  router.match(path)
  return [...router.offsets.subarray(0, 2)]
}
