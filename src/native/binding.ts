import { chooseBinding } from './choose.js'
import load from './load.cjs'
import type { Binding } from './types.js'

export type { Binding, Codec, NativeServer, NativeServerOptions, Router } from './types.js'

let chosen: Binding | undefined

/**
 * The binding of this thread, settled by the first call: the native core where its binary loads, else the fallback,
 * which says why in `reason`. See {@link chooseBinding} for `HOTPRESS_NATIVE`.
 *
 * @throws HotpressError `OPTION_INVALID` or `NATIVE_REQUIRED`, both about `HOTPRESS_NATIVE`.
 */
export function binding(): Binding {
  chosen ??= chooseBinding(process.env.HOTPRESS_NATIVE, load)
  return chosen
}
