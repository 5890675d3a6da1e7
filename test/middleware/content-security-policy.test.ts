import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { type ContentSecurityPolicy, policyText } from '../../src/middleware/content-security-policy.js'
import { says } from '../_says.js'

const [sha256, sha384, sha512] = ['sha256', 'sha384', 'sha512'].map(
  (name) => `'${name}-${createHash(name).update('x').digest('base64')}'`,
) as [string, string, string]

const policies: readonly (readonly [policy: ContentSecurityPolicy, text: string])[] = [
  [{ 'default-src': "'self'" }, "default-src 'self'"],
  [{ 'default-src': ["'none'"] }, "default-src 'none'"],
  [{ 'default-src': "'self' https: data: wss:" }, "default-src 'self' https: data: wss:"],
  [
    {
      'img-src': ['*', 'example.com', '*.example.com', 'https://a.example:8443/x/', 'localhost:*', 'http://127.0.0.1'],
    },
    'img-src * example.com *.example.com https://a.example:8443/x/ localhost:* http://127.0.0.1',
  ],
  [
    { 'script-src': ["'nonce'", "'strict-dynamic'", "'unsafe-inline'", sha256, sha384, sha512, "'wasm-unsafe-eval'"] },
    `script-src 'nonce' 'strict-dynamic' 'unsafe-inline' ${sha256} ${sha384} ${sha512} 'wasm-unsafe-eval'`,
  ],
  [
    { 'script-src': [sha256.replaceAll('+', '-').replaceAll('/', '_')] },
    `script-src ${sha256.replaceAll('+', '-').replaceAll('/', '_')}`,
  ],
  [{ 'style-src-attr': "'unsafe-hashes' 'unsafe-inline'" }, "style-src-attr 'unsafe-hashes' 'unsafe-inline'"],
  [{ 'frame-ancestors': ["'self'", 'https://*.example.com'] }, "frame-ancestors 'self' https://*.example.com"],
  [{ sandbox: true }, 'sandbox'],
  [{ sandbox: ['allow-scripts', 'allow-forms'] }, 'sandbox allow-scripts allow-forms'],
  [{ 'default-src': "'self'", 'upgrade-insecure-requests': true }, "default-src 'self'; upgrade-insecure-requests"],
  [{ 'img-src': false, 'object-src': "'none'", 'upgrade-insecure-requests': false }, "object-src 'none'"],
  [
    { 'report-to': 'main', 'report-uri': ['/csp', 'https://r.example/x?y=1'] },
    'report-to main; report-uri /csp https://r.example/x?y=1',
  ],
  [
    { 'require-trusted-types-for': "'script'", 'trusted-types': ['default', 'a#b', "'allow-duplicates'"] },
    "require-trusted-types-for 'script'; trusted-types default a#b 'allow-duplicates'",
  ],
]

/** What is wrong with a policy, with what the error must say. */
const wrong: readonly (readonly [policy: unknown, code: string, ...texts: string[]])[] = [
  [{ 'scripts-src': "'self'" }, 'OPTION_UNKNOWN', 'scripts-src', 'script-src'],
  [{ scriptSrc: "'self'" }, 'OPTION_UNKNOWN', 'scriptSrc', 'script-src'],
  [{ constructor: "'self'" }, 'OPTION_UNKNOWN', 'constructor'],
  [{ 'script-src\r\nx-evil': "'self'" }, 'OPTION_UNKNOWN', 'policy'],
  [{}, 'OPTION_INVALID', 'policy', 'at least one directive'],
  [{ 'img-src': false }, 'OPTION_INVALID', 'at least one directive'],
  ["default-src 'self'", 'OPTION_INVALID', 'an object of directives'],
  [null, 'OPTION_INVALID', 'null'],
  [true, 'OPTION_INVALID', 'true'],
  [[], 'OPTION_INVALID', 'an array'],
  [{ 'img-src': [] }, 'OPTION_INVALID', "policy['img-src']", "'none'"],
  [{ 'img-src': '' }, 'OPTION_INVALID', "policy['img-src']", '""'],
  [{ 'img-src': true }, 'OPTION_INVALID', "policy['img-src']", 'true'],
  [{ 'img-src': 'a  b' }, 'OPTION_INVALID', 'one blank'],
  [{ 'img-src': ['a b'] }, 'OPTION_INVALID', '"a b"'],
  [{ 'img-src': [1] }, 'OPTION_INVALID', 'got 1'],
  ...['self', 'none', 'SELF', 'unsafe-inline', 'strict-dynamic', 'nonce', 'nonce-abc', 'sha256-abc'].map(
    (each) => [{ 'script-src': each }, 'OPTION_INVALID', `"'${each}'", in quotes`] as const,
  ),
  [{ 'script-src': "'selfish'" }, 'OPTION_INVALID', "'self'", "'strict-dynamic'"],
  [{ 'script-src': "'none' 'self'" }, 'OPTION_INVALID', "'none' alone"],
  [{ 'script-src': "'nonce-abc123'" }, 'OPTION_INVALID', "'nonce', in whose place"],
  [{ 'script-src': "'sha256-abc'" }, 'OPTION_INVALID', "'sha256-abc'"],
  [{ 'script-src': sha256.replace('sha256', 'sha512') }, 'OPTION_INVALID', 'sha512'],
  [{ 'script-src': sha256.replace('sha256', 'md5') }, 'OPTION_INVALID', 'md5'],
  [{ 'script-src-attr': "'nonce'" }, 'OPTION_INVALID', 'got "\'nonce\'"'],
  [{ 'img-src': "'nonce'" }, 'OPTION_INVALID', 'got "\'nonce\'"'],
  [{ 'img-src': "'unsafe-inline'" }, 'OPTION_INVALID', "policy['img-src']"],
  [{ 'style-src': "'unsafe-eval'" }, 'OPTION_INVALID', "policy['style-src']"],
  [{ 'frame-ancestors': sha256 }, 'OPTION_INVALID', "policy['frame-ancestors']"],
  ...[
    'https://',
    '://x',
    'a..b',
    '*.*.x',
    'a*',
    'x:99999999',
    'https://x?y',
    'https://x/y#z',
    'https://u@x',
    '[::1]',
  ].map((each) => [{ 'connect-src': each }, 'OPTION_INVALID', JSON.stringify(each), 'a host'] as const),
  ...['\r', '\n', '\r\nx-evil: a', '\0', ';', '; script-src *', ',', 'ü', '\t', '\x7f'].flatMap((each) =>
    ['connect-src', 'report-uri', 'report-to', 'sandbox', 'trusted-types', 'require-trusted-types-for'].map(
      (name) => [{ [name]: `a${each}` }, 'OPTION_INVALID', `policy['${name}']`] as const,
    ),
  ),
  [{ sandbox: 'allow-everything' }, 'OPTION_INVALID', 'allow-scripts'],
  [{ 'upgrade-insecure-requests': "'self'" }, 'OPTION_INVALID', 'true or false'],
  [{ 'report-to': 'a b' }, 'OPTION_INVALID', 'one value'],
  [{ 'report-uri': 'x' }, 'OPTION_INVALID', 'a URL'],
  [{ 'require-trusted-types-for': 'script' }, 'OPTION_INVALID', "'script', in quotes"],
  [{ 'trusted-types': "'any'" }, 'OPTION_INVALID', "'allow-duplicates'"],
]

describe('a content security policy', () => {
  for (const [policy, text] of policies) {
    test(`is written: ${text}`, () => {
      assert.equal(policyText(policy, 'policy'), text)
    })
  }

  for (const [policy, code, ...texts] of wrong) {
    test(`is refused: ${JSON.stringify(policy)}`, () => {
      assert.throws(() => policyText(policy as ContentSecurityPolicy, 'policy'), says(code, ...texts))
    })
  }

  test('of long sources is checked in one pass', () => {
    for (const part of ['a.', 'a', '-', '*.', 'a:', "'", 'https://', '/', '1']) {
      try {
        policyText({ 'img-src': part.repeat(100_000) }, 'policy')
      } catch (error) {
        says('OPTION_INVALID')(error as never)
      }
    }
  })
})
