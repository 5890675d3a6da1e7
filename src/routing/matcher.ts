import { type Binding, binding, type Router } from '../native/binding.js'

/** Finds the route for a path: the native router or its JavaScript twin, which share one contract. */
export type Matcher = Router

/** Makes an empty matcher; with {@link coreInfo}, the only place where routing reaches the native core. */
export function createMatcher(): Matcher {
  return binding().createRouter()
}

/** Which core is in use, and why where it is the fallback. */
export function coreInfo(): Omit<Binding, 'createCodec' | 'createRouter'> {
  const { createCodec: _, createRouter: __, ...info } = binding()
  return info
}
