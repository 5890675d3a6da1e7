import { empty, HttpError, json, RouteGroup, Status } from 'hotpress'
import { idOf, textFields } from './input.js'
import type { Store, Stored } from './store.js'
import type { User } from './users.js'

export interface Post extends Stored {
  readonly author: number
  readonly text: string
  readonly title: string
}

/** The routes of posts, which belong to users: plain functions, with the state they need as plain arguments. */
export function postRoutes(posts: Store<Post>, users: Store<User>): RouteGroup {
  const routes = new RouteGroup({ bodyLimit: '256kb' })

  function find(id: string): Post {
    const post = posts.get(idOf(id))
    if (post === undefined) throw new HttpError(Status.NotFound, `there is no post ${id}`, { code: 'POST_UNKNOWN' })
    return post
  }

  function author(id: string): number {
    const user = users.get(idOf(id))
    if (user === undefined) throw new HttpError(Status.NotFound, `there is no user ${id}`, { code: 'USER_UNKNOWN' })
    return user.id
  }

  routes.get('/posts', (req) => {
    const word = req.query.get('q')
    return posts.all().filter((post) => word === null || post.title.includes(word) || post.text.includes(word))
  })
  routes.get('/posts/:id', (req) => find(req.params.id))
  routes.patch('/posts/:id', async (req) => {
    const fields = textFields(await req.json(), ['text', 'title'], true)
    return posts.update(find(req.params.id).id, fields)
  })
  routes.delete('/posts/:id', (req) => {
    posts.delete(find(req.params.id).id)
    return empty()
  })
  routes.get('/users/:id/posts', (req) => {
    const wanted = author(req.params.id)
    return posts.all().filter((post) => post.author === wanted)
  })
  routes.post('/users/:id/posts', async (req) => {
    const wanted = author(req.params.id)
    const post = posts.create({ ...textFields(await req.json(), ['text', 'title']), author: wanted })
    return json(post).status(Status.Created).header('Location', `/posts/${post.id}`)
  })
  return routes
}
