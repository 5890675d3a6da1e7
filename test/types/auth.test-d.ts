// Checked by tsc alone: nothing here runs.
import { expectTypeOf } from 'expect-type'
import {
  apiKey,
  basicAuth,
  bearer,
  csrf,
  Hotpress,
  ipFilter,
  type JwtClaims,
  jwt,
  type Middleware,
  pathFilter,
  type RequestKey,
  RouteGroup,
} from 'hotpress'

const app = new Hotpress({ pathFilter: true })
new Hotpress({ pathFilter: { allow: '/docs/*.bak', patterns: ['/internal/**'] } })

const users = basicAuth({ users: { ada: '$scrypt$…' } })
expectTypeOf(users.key).toEqualTypeOf<RequestKey<string>>()
const yes = basicAuth({ verify: (name, password, req) => name === password && req.ip !== '' })
const found = basicAuth({ verify: async (name) => (name === 'ada' ? { id: 7 } : undefined) })

const typed = jwt<{ role: 'admin' | 'user' }>({
  authorize: ({ role, sub }) => role === sub,
  secret: new Uint8Array(32),
})
const untyped = jwt({ jwks: 'https://id.example/keys' })
const opaque = bearer({ verify: async (token) => (token === '' ? null : { name: token }) })
const keys = apiKey({ keys: { billing: 'a', reports: 'b' } })
const listed = apiKey({ keys: ['a'] })
const looked = apiKey({ verify: (key) => (key === '' ? undefined : { tenant: key.length }) })
const guard = csrf({ token: { secret: 'x' } })

app.get('/users/:id', { use: [users, typed, guard] }, (req) => {
  expectTypeOf(users.user(req)).toBeString()
  expectTypeOf(yes.user(req)).toBeString()
  expectTypeOf(found.user(req)).toEqualTypeOf<{ id: number }>()
  expectTypeOf(typed.claims(req).role).toEqualTypeOf<'admin' | 'user'>()
  expectTypeOf(typed.claims(req).sub).toEqualTypeOf<string | undefined>()
  expectTypeOf(req.get(typed.key)?.role).toEqualTypeOf<'admin' | 'user' | undefined>()
  expectTypeOf(untyped.claims(req).exp).toEqualTypeOf<number | undefined>()
  expectTypeOf(untyped.claims(req).other).toBeUnknown()
  expectTypeOf(opaque.identity(req)).toEqualTypeOf<{ name: string }>()
  expectTypeOf(keys.owner(req)).toEqualTypeOf<'billing' | 'reports'>()
  expectTypeOf(listed.owner(req)).toBeString()
  expectTypeOf(looked.owner(req)).toEqualTypeOf<{ tenant: number }>()
  expectTypeOf(guard.token(req)).toBeString()
})
new RouteGroup().use(ipFilter({ allow: 'private' }), pathFilter(), users, guard)
expectTypeOf(ipFilter).returns.toEqualTypeOf<Middleware>()
expectTypeOf<JwtClaims['aud']>().toEqualTypeOf<readonly string[] | string | undefined>()

// @ts-expect-error: users or verify
basicAuth({ realm: 'x' })
// @ts-expect-error: a key is a text
apiKey({ keys: { billing: 7 } })
// @ts-expect-error: verify says whose the token is
bearer({ verify: () => true })
