/** A table of route shapes. Paths and shapes are ASCII, as they are on the wire. */
export interface Router {
  /**
   * Where each parameter of the last match starts and ends in its path (start, end, start, end…), a wildcard last.
   * It means nothing after a miss, and the next match writes over it.
   */
  readonly offsets: Uint32Array
  /**
   * Adds a shape: a slash, then segments split by slashes. The segment `:` is a parameter of one byte or more, a last
   * segment `*` takes the rest of the path (one byte or more), and any other segment is literal.
   *
   * @throws Error naming the shape when it is there already, is not ASCII or has more than 32 parameters.
   * @throws RangeError when the id is not an integer from 0 to 2147483647.
   */
  insert(shape: string, id: number): void
  /**
   * The id of the shape that a path matches, or -1. A shape without a wildcard wins over one with, the wildcard with
   * the most segments before it over the others, and a literal segment over a parameter, left to right.
   *
   * @throws TypeError when the path is not a string.
   */
  match(path: string): number
}

/** The native core, or the JavaScript that stands in for it. */
export interface Binding {
  readonly kind: 'fallback' | 'native'
  /** Why the fallback is in use; absent when it is not. */
  readonly reason?: string
  /** The hash of the sources that the binary was built from; `'fallback'` for the fallback. */
  readonly version: string
  /** Makes an empty route table. Its functions need no `this`. */
  createRouter(): Router
}
