// Checked by tsc alone: nothing here runs.
import { expectTypeOf } from 'expect-type'
import {
  Cookie,
  CookieKeys,
  type CookieOptions,
  cspNonce,
  Hotpress,
  type HttpResponse,
  type Middleware,
  RouteGroup,
  SecurityHeaders,
  securityHeaders,
  text,
} from 'hotpress'

const app = new Hotpress()
const keys = new CookieKeys(['x'.repeat(32), new Uint8Array(32)])

app.get('/users/:id', (req) => {
  expectTypeOf(req.cookies.sid).toEqualTypeOf<string | undefined>()
  // The parameters of a route do not keep its request from functions that take any.
  expectTypeOf(keys.verify(req, 'sid')).toEqualTypeOf<string | undefined>()
  expectTypeOf(keys.decrypt(req, 'sid')).toEqualTypeOf<string | undefined>()
  expectTypeOf(cspNonce(req)).toEqualTypeOf<string>()
  // @ts-expect-error: the cookies of a request are not to be written
  req.cookies.sid = 'x'
  return text('x')
    .cookie('a', 'b', { maxAge: 1 })
    .cookie(keys.sign(new Cookie('c', 'd')))
    .clearCookie('e')
})

expectTypeOf(text('x').cookie('a', 'b')).toEqualTypeOf<HttpResponse>()
expectTypeOf(
  new Cookie('a', 'b').path('/').maxAge(1).expires(new Date()).sameSite('Lax').priority('High'),
).toEqualTypeOf<Cookie>()
expectTypeOf(keys.encrypt(new Cookie('a', 'b'))).toEqualTypeOf<Cookie>()
expectTypeOf<CookieOptions['sameSite']>().toEqualTypeOf<'Lax' | 'None' | 'Strict' | undefined>()

// @ts-expect-error: a cookie has a value
text('x').cookie('a')
// @ts-expect-error: a value is a text
text('x').cookie('a', 1)
// @ts-expect-error: there is no such attribute
text('x').cookie('a', 'b', { samesite: 'Lax' })
// @ts-expect-error: letter case matters
new Cookie('a', 'b').sameSite('lax')
// @ts-expect-error: seconds are a number
new Cookie('a', 'b').maxAge('1h')
// @ts-expect-error: keys are a list
new CookieKeys('x'.repeat(32))

expectTypeOf(securityHeaders).returns.toEqualTypeOf<Middleware>()
new Hotpress({ securityHeaders: false })
new Hotpress({ securityHeaders: { hsts: { maxAge: 1 }, recommended: true, xssProtection: false } })
new Hotpress({ securityHeaders: new SecurityHeaders().recommended().custom('x-foo', 'bar') })
new RouteGroup().use(securityHeaders(new SecurityHeaders().referrerPolicy(['no-referrer', 'same-origin'])))
securityHeaders({
  contentSecurityPolicy: {
    'default-src': "'self'",
    'script-src': ["'nonce'"],
    sandbox: true,
    'upgrade-insecure-requests': true,
  },
  permissionsPolicy: { camera: [], usb: '*' },
})

// @ts-expect-error: what there is to send must be said
securityHeaders()
// @ts-expect-error: there is no such directive
securityHeaders({ contentSecurityPolicy: { 'scripts-src': "'self'" } })
// @ts-expect-error: a directive with sources is no switch
securityHeaders({ contentSecurityPolicy: { 'script-src': true } })
// @ts-expect-error: a switch has no sources
securityHeaders({ contentSecurityPolicy: { 'upgrade-insecure-requests': "'self'" } })
// @ts-expect-error: there is no such policy
securityHeaders({ referrerPolicy: 'never' })
// @ts-expect-error: there is no such value
new SecurityHeaders().frameOptions('ALLOW-FROM https://a.example')
// @ts-expect-error: there is no such option
new Hotpress({ securityHeaders: { csp: {} } })
