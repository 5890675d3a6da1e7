// Checked by tsc alone: nothing here runs.
import { expectTypeOf } from 'expect-type'
import {
  Cors,
  type CorsOptions,
  type CorsOrigin,
  cors,
  Hotpress,
  type HttpRequest,
  type Middleware,
  type OriginTest,
  RouteGroup,
} from 'hotpress'

expectTypeOf(cors).returns.toEqualTypeOf<Middleware>()
expectTypeOf<CorsOrigin>().toEqualTypeOf<OriginTest | RegExp | string>()
expectTypeOf(new Cors().credentials(true).maxAge(60)).toEqualTypeOf<Cors>()
expectTypeOf(new Cors().options).toEqualTypeOf<CorsOptions>()

cors()
cors({ origins: ['https://a.example', /^https:\/\/b\.example$/, async (origin) => origin.endsWith('.example')] })
cors({
  origins: (origin, request) => {
    expectTypeOf(origin).toEqualTypeOf<string>()
    expectTypeOf(request).toEqualTypeOf<HttpRequest>()
    return true
  },
})
new Hotpress({ cors: true })
new Hotpress({ cors: new Cors().origins('https://a.example') })
new RouteGroup().use(cors({ headers: 'X-A', methods: ['GET', 'PURGE'] }))

// @ts-expect-error: the option is called origins
cors({ origin: '*' })
// @ts-expect-error: seconds are a number
cors({ maxAge: '1h' })
// @ts-expect-error: a function says true or false
cors({ origins: (origin) => origin })
// @ts-expect-error: an origin is no switch
new Hotpress({ cors: 'https://a.example' })
