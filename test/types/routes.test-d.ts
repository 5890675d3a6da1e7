// Checked by tsc alone: nothing here runs.
import { expectTypeOf } from 'expect-type'
import {
  controller,
  type ErrorCode,
  type FileAnswer,
  type FormValues,
  file,
  type Handler,
  type HandlerResult,
  Hotpress,
  type HttpRequest,
  type HttpResponse,
  type Middleware,
  type PathParams,
  RouteGroup,
  requestKey,
  type SavedFile,
  Status,
  type StatusCode,
  text,
  toResponse,
} from 'hotpress'

const app = new Hotpress({ bodyLimit: '10mb', transport: 'auto' })

// Parameters come from the path literal.
expectTypeOf<keyof PathParams<'/'>>().toBeNever()
expectTypeOf<PathParams<'/users/:id'>>().toEqualTypeOf<{ readonly id: string }>()
expectTypeOf<PathParams<'/a/:x/b/:y_2/*rest'>>().toEqualTypeOf<{
  readonly rest: string
  readonly x: string
  readonly y_2: string
}>()
expectTypeOf<PathParams<'/files/*'>>().toEqualTypeOf<{ readonly '*': string }>()
expectTypeOf<keyof PathParams<'/google/things:batch'>>().toBeNever()
expectTypeOf<PathParams<string>>().toEqualTypeOf<Readonly<Record<string, string>>>()

app.get('/users/:id', (req) => {
  expectTypeOf(req.params.id).toBeString()
  // @ts-expect-error there is no such parameter in the path
  req.params.other
  return { id: req.params.id }
})
app.add(':put/users/:id/posts/:post', (req) => {
  expectTypeOf(req.params).toEqualTypeOf<{ readonly id: string; readonly post: string }>()
})
app.post('/users', { bodyLimit: '1kb' }, async (req) => {
  expectTypeOf(await req.json()).toBeUnknown()
  expectTypeOf(await req.json<{ a: number }>()).toEqualTypeOf<{ a: number }>()
  expectTypeOf(await req.bytes()).toEqualTypeOf<Uint8Array>()
  expectTypeOf(await req.form()).toEqualTypeOf<FormValues>()
  expectTypeOf(await req.form<{ name: string }>()).toEqualTypeOf<{ name: string }>()
  for await (const part of req.stream()) expectTypeOf(part).toEqualTypeOf<Uint8Array>()
  for await (const part of req.multipart({ fileSize: '1mb' })) {
    if (part.kind === 'field') expectTypeOf(part.value).toBeString()
    else expectTypeOf(await part.saveTo('/tmp', { name: 'original' })).toEqualTypeOf<SavedFile>()
  }
})
app.route('PURGE', '/cache/*key', (req) => req.params.key)

// A group's prefix has parameters too.
const group = new RouteGroup({ prefix: '/orgs/:org' })
group.get('/users/:id', (req) => {
  expectTypeOf(req.params).toEqualTypeOf<{ readonly id: string; readonly org: string }>()
})
app.mount(group)
app.mount('/v2', group)

// Everything that a handler may return.
const results: HandlerResult[] = [text('x'), 'x', {}, [], new Uint8Array(), undefined, null, new Response()]
expectTypeOf(results).toBeArray()
app.get('/void', () => {})
app.get('/own', () => ({ [toResponse]: () => text('x') }))
app.get('/stream', async function* () {
  yield 'x'
})
// @ts-expect-error a number is no answer
app.get('/number', () => 7)
// @ts-expect-error a handler is a function
app.get('/none', 'text')
// @ts-expect-error there is no such option of a route
app.get('/option', { limit: 1 }, () => 'x')
// @ts-expect-error there is no such option
new Hotpress({ bodyLimits: 1 })
// @ts-expect-error there is no such transport
new Hotpress({ transport: 'bun' })

// Middleware gets a response from next(), whatever the handler returned.
const middleware: Middleware = async (req, next) => {
  expectTypeOf(req).toEqualTypeOf<HttpRequest>()
  const res = await next()
  expectTypeOf(res).toEqualTypeOf<HttpResponse>()
  return res.header('x', 'y').append('x', 'z').type('text/plain').status(Status.Ok)
}
app.use(middleware)
expectTypeOf<Handler>().parameter(0).toEqualTypeOf<HttpRequest>()

// Request-scoped values have the type of their key.
const user = requestKey<{ readonly name: string }>('user')
app.get('/me', (req) => {
  expectTypeOf(req.get(user)).toEqualTypeOf<{ readonly name: string } | undefined>()
  req.set(user, { name: 'Ada' })
  // @ts-expect-error a value of another type
  req.set(user, 'Ada')
})

// A controller's method keeps its own types.
class Users {
  readonly count = 1
  show(req: HttpRequest<{ readonly id: string }>): { id: string } {
    return { id: req.params.id }
  }
}
app.get('/controlled/:id', controller(new Users(), 'show'))
// @ts-expect-error a method that needs a parameter which the path does not have
app.get('/controlled', controller(new Users(), 'show'))
// @ts-expect-error not a method
controller(new Users(), 'count')

expectTypeOf(Status.NotFound).toEqualTypeOf<404>()
expectTypeOf<404>().toExtend<StatusCode>()
expectTypeOf<'ROUTE_CONFLICT'>().toExtend<ErrorCode>()
expectTypeOf(app.listen({ port: 0 })).resolves.toHaveProperty('url')
expectTypeOf(app.inject({ url: '/' })).resolves.toHaveProperty('status')

// Files: a folder on apps and groups, and a file as an answer.
app.static('/assets', 'public', { immutable: true, maxAge: '30d' }).static('/', new URL('public/', 'file:///srv/'))
new RouteGroup({ prefix: '/docs' }).static('/', 'docs', {
  cache: { fileSize: '1mb', size: 2 ** 20 },
  headers: (path) => ({ 'x-path': path }),
})
// @ts-expect-error there is no such option
app.static('/', 'public', { maxage: 1 })
expectTypeOf(file('a.pdf', { download: true, root: 'files' })).toEqualTypeOf<FileAnswer>()
app.get('/report', () => file('a.pdf'))
app.get('/report/later', async () => file(new URL('file:///srv/a.pdf'), { download: 'b.pdf' }))
