import { Hotpress, type HotpressOptions } from 'hotpress'
import { pageRoutes } from './pages.js'
import { type Post, postRoutes } from './posts.js'
import { Store } from './store.js'
import { type User, userRoutes } from './users.js'

/** The service: its state, made once, goes to the routes as plain arguments. */
export function createApp(options: HotpressOptions = {}): Hotpress {
  const posts = new Store<Post>()
  const users = new Store<User>()
  const ada = users.create({ email: 'ada@example.com', name: 'Ada' })
  posts.create({
    author: ada.id,
    text: 'It can do whatever we know how to order it to perform.',
    title: 'On the engine',
  })

  const app = new Hotpress(options)
  app.use(async (req, next) => {
    const start = performance.now()
    const res = await next()
    const ms = performance.now() - start
    req.log.debug({ method: req.method, ms, status: res.statusCode, url: req.url }, 'answered')
    return res.header('Server-Timing', `app;dur=${ms.toFixed(2)}`)
  })
  app.mount(userRoutes(users))
  app.mount(postRoutes(posts, users))
  app.mount(pageRoutes(() => app.capabilities()))
  return app
}
