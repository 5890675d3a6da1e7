/**
 * A typed name for a request-scoped value.
 *
 * @example
 * const user = requestKey<User>('user')
 * app.use((req, next) => { req.set(user, load(req)); return next() })
 * app.get('/me', (req) => req.get(user)?.name)
 */
export interface RequestKey<Value> {
  readonly name: string
  /** Holds the type; there is nothing here at run time. */
  readonly value?: Value
}

/** Makes a {@link RequestKey}; two keys of one name stay apart. */
export function requestKey<Value>(name: string): RequestKey<Value> {
  return Object.freeze({ name })
}
