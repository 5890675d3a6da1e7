import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cspNonce, type HttpRequest, type RequestKey, SecurityHeaders, securityHeaders } from '../../src/index.js'
import { settleSecurityHeaders } from '../../src/middleware/security-headers.js'
import { says } from '../_says.js'

/** The one header that a call sets. */
function headerOf(build: (headers: SecurityHeaders) => SecurityHeaders): string {
  const [[name, value] = []] = build(new SecurityHeaders()).headers
  return `${name}: ${value}`
}

const written: readonly (readonly [build: (headers: SecurityHeaders) => SecurityHeaders, line: string])[] = [
  [(headers) => headers.contentSecurityPolicy({ sandbox: true }), 'Content-Security-Policy: sandbox'],
  [
    (headers) => headers.contentSecurityPolicyReportOnly({ 'img-src': '*' }),
    'Content-Security-Policy-Report-Only: img-src *',
  ],
  [(headers) => headers.contentTypeOptions(), 'X-Content-Type-Options: nosniff'],
  [(headers) => headers.crossOriginEmbedderPolicy(), 'Cross-Origin-Embedder-Policy: require-corp'],
  [(headers) => headers.crossOriginEmbedderPolicy('credentialless'), 'Cross-Origin-Embedder-Policy: credentialless'],
  [(headers) => headers.crossOriginOpenerPolicy(), 'Cross-Origin-Opener-Policy: same-origin'],
  [(headers) => headers.crossOriginOpenerPolicy('unsafe-none'), 'Cross-Origin-Opener-Policy: unsafe-none'],
  [(headers) => headers.crossOriginResourcePolicy(), 'Cross-Origin-Resource-Policy: same-origin'],
  [(headers) => headers.crossOriginResourcePolicy('cross-origin'), 'Cross-Origin-Resource-Policy: cross-origin'],
  [(headers) => headers.custom('x-foo', 'bar'), 'x-foo: bar'],
  [(headers) => headers.frameOptions(), 'X-Frame-Options: DENY'],
  [(headers) => headers.frameOptions('SAMEORIGIN'), 'X-Frame-Options: SAMEORIGIN'],
  [(headers) => headers.hsts(), 'Strict-Transport-Security: max-age=63072000'],
  [(headers) => headers.hsts({ maxAge: 0 }), 'Strict-Transport-Security: max-age=0'],
  [
    (headers) => headers.hsts({ includeSubDomains: true, maxAge: 31_536_000, preload: true }),
    'Strict-Transport-Security: max-age=31536000; includeSubDomains; preload',
  ],
  [(headers) => headers.permissionsPolicy({ camera: [] }), 'Permissions-Policy: camera=()'],
  [
    (headers) =>
      headers.permissionsPolicy({
        camera: '*',
        'ch-ua': ['self'],
        usb: ['self', 'https://a.example', 'https://*.b.example:8443'],
      }),
    'Permissions-Policy: camera=*, ch-ua=(self), usb=(self "https://a.example" "https://*.b.example:8443")',
  ],
  [(headers) => headers.referrerPolicy(), 'Referrer-Policy: strict-origin-when-cross-origin'],
  [(headers) => headers.referrerPolicy(['no-referrer', 'same-origin']), 'Referrer-Policy: no-referrer, same-origin'],
  [(headers) => headers.xssProtection(), 'X-XSS-Protection: 0'],
  [(headers) => headers.xssProtection('1; mode=block'), 'X-XSS-Protection: 1; mode=block'],
]

describe('SecurityHeaders', () => {
  for (const [build, line] of written) {
    test(`writes ${line}`, () => {
      assert.equal(headerOf(build), line)
    })
  }

  test('takes the last value of a header, whatever the letter case', () => {
    const headers = new SecurityHeaders().frameOptions('DENY').custom('x-frame-options', 'X').frameOptions('SAMEORIGIN')
    assert.deepEqual([...headers.headers], [['X-Frame-Options', 'SAMEORIGIN']])
  })

  test('leaves out what is false', () => {
    const headers = new SecurityHeaders()
      .recommended()
      .contentSecurityPolicy(false)
      .contentSecurityPolicyReportOnly(false)
      .contentTypeOptions(false)
      .crossOriginEmbedderPolicy(false)
      .crossOriginOpenerPolicy(false)
      .crossOriginResourcePolicy(false)
      .custom('x-foo', false)
      .frameOptions(false)
      .hsts(false)
      .permissionsPolicy(false)
      .referrerPolicy(false)
      .xssProtection(false)
    assert.equal(headers.headers.size, 12)
    assert.deepEqual([...new Set(headers.headers.values())], [false])
    assert.deepEqual(settleSecurityHeaders(headers), { pairs: [], policy: undefined })
  })

  test('recommends what docs/security-headers.md says', () => {
    assert.deepEqual(Object.fromEntries(new SecurityHeaders().recommended().headers), {
      'Content-Security-Policy':
        "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
      'Referrer-Policy': 'strict-origin-when-cross-origin',
      'Strict-Transport-Security': 'max-age=63072000; includeSubDomains',
      'X-Frame-Options': 'DENY',
      'X-XSS-Protection': '0',
    })
  })
})

/** Wrong values of options, with what the error must say. */
const wrong: readonly (readonly [options: unknown, code: string, ...texts: string[]])[] = [
  [{ csp: {} }, 'OPTION_UNKNOWN', 'csp', 'contentSecurityPolicy', 'xssProtection'],
  [{ constructor: 1 }, 'OPTION_UNKNOWN', 'constructor of securityHeaders'],
  [{ contentSecurityPolicy: { 'default-src': 'self' } }, 'OPTION_INVALID', "contentSecurityPolicy['default-src']"],
  [{ contentSecurityPolicy: '' }, 'OPTION_INVALID', 'contentSecurityPolicy', '""'],
  [{ contentSecurityPolicyReportOnly: null }, 'OPTION_INVALID', 'contentSecurityPolicyReportOnly', 'null'],
  [{ contentTypeOptions: true }, 'OPTION_INVALID', 'contentTypeOptions', "'nosniff', or false"],
  [{ crossOriginEmbedderPolicy: 'same-origin' }, 'OPTION_INVALID', 'crossOriginEmbedderPolicy', "'require-corp'"],
  [{ crossOriginOpenerPolicy: 'require-corp' }, 'OPTION_INVALID', 'crossOriginOpenerPolicy', "'same-origin'"],
  [{ crossOriginResourcePolicy: 'SAME-ORIGIN' }, 'OPTION_INVALID', 'crossOriginResourcePolicy', "'same-site'"],
  [{ custom: 'x' }, 'OPTION_INVALID', 'custom', 'an object of header names'],
  [{ custom: { 'x-foo': 'a\r\nx-evil: b' } }, 'HEADER_INVALID', 'x-foo', '0x0d'],
  [{ custom: { 'x-foo\r\nx-evil': 'a' } }, 'HEADER_INVALID', 'a token'],
  [{ custom: { 'x-foo': 1 } }, 'HEADER_INVALID', 'x-foo'],
  [{ custom: { 'x-foo': 'caf\xe9' } }, 'OPTION_INVALID', "custom['x-foo']", 'ASCII'],
  [{ custom: { connection: 'close' } }, 'HEADER_INVALID', 'connection'],
  ...['Content-Length', 'content-type', 'Server', 'Set-Cookie', 'X-Request-ID'].map(
    (name) => [{ custom: { [name]: 'x' } }, 'OPTION_INVALID', 'custom', name] as const,
  ),
  [{ frameOptions: 'ALLOW-FROM https://x' }, 'OPTION_INVALID', 'frameOptions', "'DENY', 'SAMEORIGIN', or false"],
  [{ frameOptions: 'deny' }, 'OPTION_INVALID', 'frameOptions', '"deny"'],
  [{ hsts: true }, 'OPTION_INVALID', 'hsts', 'an object'],
  [{ hsts: { maxAge: -1 } }, 'OPTION_INVALID', 'maxAge of hsts', '-1'],
  [{ hsts: { maxAge: '1y' } }, 'OPTION_INVALID', 'maxAge of hsts', 'seconds'],
  [{ hsts: { includeSubdomains: true } }, 'OPTION_UNKNOWN', 'includeSubdomains of hsts', 'includeSubDomains'],
  [{ hsts: { preload: true } }, 'OPTION_INVALID', 'includeSubDomains of hsts', 'true with preload'],
  [
    { hsts: { includeSubDomains: true, maxAge: 31_535_999, preload: true } },
    'OPTION_INVALID',
    'maxAge of hsts',
    '31536000',
  ],
  [{ permissionsPolicy: {} }, 'OPTION_INVALID', 'permissionsPolicy', 'at least one'],
  [{ permissionsPolicy: 'camera=()' }, 'OPTION_INVALID', 'permissionsPolicy', 'an object'],
  [{ permissionsPolicy: { Camera: [] } }, 'OPTION_INVALID', 'permissionsPolicy', '"Camera"'],
  [{ permissionsPolicy: { 'camera=(), usb': [] } }, 'OPTION_INVALID', 'permissionsPolicy', 'names of features'],
  [{ permissionsPolicy: { 'camera\r\nx': [] } }, 'OPTION_INVALID', 'permissionsPolicy'],
  [{ permissionsPolicy: { camera: "'self'" } }, 'OPTION_INVALID', "permissionsPolicy['camera']", '[] for nobody'],
  [{ permissionsPolicy: { camera: ["'self'"] } }, 'OPTION_INVALID', "'self' without further quotes"],
  [{ permissionsPolicy: { camera: ['https://a.example/x'] } }, 'OPTION_INVALID', 'an origin'],
  [{ permissionsPolicy: { camera: ['https://a.example"\r\n'] } }, 'OPTION_INVALID', 'an origin'],
  [{ recommended: 'yes' }, 'OPTION_INVALID', 'recommended', '"yes"'],
  [{ referrerPolicy: 'never' }, 'OPTION_INVALID', 'referrerPolicy', '"never"', "'no-referrer'"],
  [{ referrerPolicy: 'origin, no-referrer' }, 'OPTION_INVALID', 'referrerPolicy'],
  [{ referrerPolicy: [] }, 'OPTION_INVALID', 'referrerPolicy', 'an array'],
  [{ xssProtection: 0 }, 'OPTION_INVALID', 'xssProtection', "'0'"],
  ['yes', 'OPTION_INVALID', 'securityHeaders', '"yes"'],
  [undefined, 'OPTION_INVALID', 'securityHeaders', 'undefined'],
  [[], 'OPTION_INVALID', 'securityHeaders', 'an array'],
]

describe('securityHeaders()', () => {
  for (const [options, code, ...texts] of wrong) {
    test(`does not take ${JSON.stringify(options)}`, () => {
      assert.throws(() => securityHeaders(options as never), says(code, ...texts))
      assert.throws(() => settleSecurityHeaders(options), says(code, ...texts))
    })
  }

  test('takes options that are undefined as if left out', () => {
    assert.deepEqual(settleSecurityHeaders({ frameOptions: undefined, recommended: undefined }), {
      pairs: ['X-Content-Type-Options', 'nosniff'],
      policy: undefined,
    })
  })

  test('takes the recommended ones first, wherever that stands', () => {
    const { pairs } = settleSecurityHeaders({ frameOptions: 'SAMEORIGIN', recommended: true, xssProtection: false })
    assert.equal(pairs[pairs.indexOf('X-Frame-Options') + 1], 'SAMEORIGIN')
    assert.equal(pairs.includes('X-XSS-Protection'), false)
    assert.equal(pairs.includes('Referrer-Policy'), true)
  })

  test('takes what was built as it is then', () => {
    const built = new SecurityHeaders().frameOptions('DENY')
    const { pairs } = settleSecurityHeaders(built)
    built.frameOptions('SAMEORIGIN')
    assert.deepEqual(pairs, ['X-Content-Type-Options', 'nosniff', 'X-Frame-Options', 'DENY'])
  })

  test('has one X-Content-Type-Options, however it is spelt', () => {
    assert.deepEqual(settleSecurityHeaders({ custom: { 'x-content-type-options': 'own' } }).pairs, [
      'x-content-type-options',
      'own',
    ])
    assert.deepEqual(settleSecurityHeaders({ contentTypeOptions: false }).pairs, [])
    assert.deepEqual(settleSecurityHeaders(false).pairs, [])
  })

  test('has work to do for each request only where there is a nonce', () => {
    assert.equal(settleSecurityHeaders({ recommended: true }).policy, undefined)
    const { pairs, policy } = settleSecurityHeaders({
      contentSecurityPolicy: { 'script-src': "'nonce'" },
      frameOptions: 'DENY',
    })
    assert.equal(policy?.name, 'securityHeaders')
    assert.deepEqual(pairs, ['X-Content-Type-Options', 'nosniff', 'X-Frame-Options', 'DENY'])
  })
})

describe('cspNonce()', () => {
  const make = (): HttpRequest => {
    const values = new Map<RequestKey<unknown>, unknown>()
    return {
      get: (key: RequestKey<unknown>) => values.get(key),
      set: (key: RequestKey<unknown>, value: unknown) => values.set(key, value),
    } as unknown as HttpRequest
  }

  test('gives a request one nonce, of 16 bytes', () => {
    const request = make()
    assert.match(cspNonce(request), /^[A-Za-z0-9+/]{22}==$/)
    assert.equal(cspNonce(request), cspNonce(request))
  })

  test('never gives one twice', () => {
    assert.equal(new Set(Array.from({ length: 1000 }, () => cspNonce(make()))).size, 1000)
  })
})
