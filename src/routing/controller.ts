import type { Handler } from '../core/types.js'

type HandlerNames<Instance> = {
  [Name in keyof Instance]: Instance[Name] extends (request: never) => unknown ? Name : never
}[keyof Instance]

/**
 * A method of an object as a handler: `this` is the object, and the types are the method's.
 *
 * @throws TypeError when there is no such method.
 * @example
 * class Users { constructor(private store: Store) {} show(req: HttpRequest<{ id: string }>) { return this.store.get(req.params.id) } }
 * app.get('/users/:id', controller(new Users(store), 'show'))
 */
export function controller<Instance extends object, Name extends HandlerNames<Instance>>(
  instance: Instance,
  method: Name,
): Instance[Name] {
  const handler = instance[method] as Handler | undefined
  if (typeof handler !== 'function') throw new TypeError(`the controller has no method ${String(method)}`)
  return handler.bind(instance) as Instance[Name]
}
