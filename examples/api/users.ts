import { controller, empty, HttpError, type HttpRequest, type HttpResponse, json, RouteGroup, Status } from 'hotpress'
import { idOf, textFields } from './input.js'
import type { Store, Stored } from './store.js'

export interface User extends Stored {
  readonly email: string
  readonly name: string
}

type Id = { readonly id: string }

/** A controller: its state comes in by the constructor, and `controller()` keeps `this` for its methods. */
export class UserController {
  readonly #users: Store<User>

  constructor(users: Store<User>) {
    this.#users = users
  }

  async create(req: HttpRequest): Promise<HttpResponse> {
    const user = this.#users.create(textFields(await req.json(), ['email', 'name']))
    req.log.info({ user: user.id }, 'user created')
    return json(user).status(Status.Created).header('Location', `/users/${user.id}`)
  }

  delete(req: HttpRequest<Id>): HttpResponse {
    if (!this.#users.delete(idOf(req.params.id))) throw missing(req.params.id)
    return empty()
  }

  list(): User[] {
    return this.#users.all()
  }

  show(req: HttpRequest<Id>): User {
    const user = this.#users.get(idOf(req.params.id))
    if (user === undefined) throw missing(req.params.id)
    return user
  }

  async update(req: HttpRequest<Id>): Promise<User> {
    const fields = textFields(await req.json(), ['email', 'name'], true)
    const user = this.#users.update(idOf(req.params.id), fields)
    if (user === undefined) throw missing(req.params.id)
    return user
  }
}

function missing(id: string): HttpError {
  return new HttpError(Status.NotFound, `there is no user ${id}`, { code: 'USER_UNKNOWN' })
}

/** The routes of users. */
export function userRoutes(users: Store<User>): RouteGroup<'/users'> {
  const handlers = new UserController(users)
  return new RouteGroup({ prefix: '/users' })
    .get('/', controller(handlers, 'list'))
    .post('/', { bodyLimit: '16kb' }, controller(handlers, 'create'))
    .get('/:id', controller(handlers, 'show'))
    .patch('/:id', { bodyLimit: '16kb' }, controller(handlers, 'update'))
    .delete('/:id', controller(handlers, 'delete'))
}
