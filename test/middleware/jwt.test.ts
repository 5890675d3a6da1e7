import assert from 'node:assert/strict'
import {
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, test } from 'node:test'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { Hotpress, type InjectResult, type JwtOptions, jwt } from '../../src/index.js'
import { says } from '../_says.js'
import { recorder } from '../contract/http/_tools.js'

const secret = randomBytes(64)
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const pem = (key: KeyObject): string => key.export({ format: 'pem', type: 'spki' }).toString()
const now = Math.floor(Date.now() / 1000)
const claims: JWTPayload = { aud: 'api', exp: now + 600, iat: now, iss: 'https://id.example', sub: 'ada' }

/** A token made by hand, by HMAC or with the signature given: nothing keeps it from being wrong. */
function forge(header: object, payload: object | string, key?: Uint8Array | string): string {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload)
  const text = [JSON.stringify(header), body].map((part) => Buffer.from(part).toString('base64url')).join('.')
  const hash = `sha${(header as { alg?: string }).alg?.slice(2) ?? ''}`
  return `${text}.${key === undefined ? '' : createHmac(hash, key).update(text).digest('base64url')}`
}

function sign(alg: string, key: KeyObject, payload: JWTPayload = claims, kid?: string): Promise<string> {
  return new SignJWT(payload).setProtectedHeader(kid === undefined ? { alg } : { alg, kid }).sign(key)
}

function service(
  options: JwtOptions,
  logger: Hotpress['log'] | false = false,
): (token: string) => Promise<InjectResult> {
  const auth = jwt(options)
  const app = new Hotpress({ logger })
  app.use(auth)
  app.get('/', (req) => auth.claims(req))
  return (token) => app.inject({ headers: { authorization: `Bearer ${token}` } })
}

function refused(result: InjectResult, reason: string): void {
  assert.equal(result.status, 401, result.text())
  assert.equal(result.json<{ detail: string }>().detail, `the token is not valid: ${reason}`)
  const challenge = `Bearer realm="api", error="invalid_token", error_description="${reason}"`
  assert.equal(result.headers.get('www-authenticate'), challenge)
}

describe('jwt()', () => {
  const pss = ['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']
  const rows: readonly (readonly [string, JwtOptions, KeyObject])[] = [
    ...['HS256', 'HS384', 'HS512'].map((alg) => [alg, { secret }, createSecretKey(secret)] as const),
    ...pss.map((alg) => [alg, { publicKey: pem(rsa.publicKey) }, rsa.privateKey] as const),
    ['ES256', { publicKey: ec.publicKey }, ec.privateKey],
    ...(['P-384', 'P-521'] as const).map((namedCurve) => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
      return [namedCurve === 'P-384' ? 'ES384' : 'ES512', { publicKey: pem(publicKey) }, privateKey] as const
    }),
    ['EdDSA', { publicKey: ed.publicKey.export({ format: 'jwk' }) }, ed.privateKey],
    ['Ed25519', { publicKey: pem(ed.publicKey) }, ed.privateKey],
  ]
  for (const [alg, options, key] of rows) {
    test(`takes ${alg}, and no other signature`, async () => {
      const ask = service(options)
      const token = await sign(alg, key)
      const result = await ask(token)
      assert.equal(result.status, 200, result.text())
      assert.deepEqual(result.json(), claims)
      // The first letter: the last may hold bits that are of no account.
      const at = token.lastIndexOf('.') + 1
      refused(
        await ask(token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)),
        'its signature is wrong',
      )
    })
  }

  const wrong: readonly (readonly [string, JwtOptions, () => string | Promise<string>, string])[] = [
    ['alg none', { secret }, () => forge({ alg: 'none' }, claims), 'its algorithm is not taken here'],
    [
      'alg none in another letter case',
      { publicKey: rsa.publicKey },
      () => forge({ alg: 'nOnE' }, claims),
      'its algorithm is not taken here',
    ],
    ['no alg', { secret }, () => forge({ typ: 'JWT' }, claims), 'it is malformed'],
    [
      'RS256 to HS256 with the public key in PEM',
      { publicKey: pem(rsa.publicKey) },
      () => forge({ alg: 'HS256' }, claims, pem(rsa.publicKey)),
      'its algorithm is not taken here',
    ],
    [
      'RS256 to HS256 with the public key in DER',
      { publicKey: rsa.publicKey },
      () => forge({ alg: 'HS256' }, claims, rsa.publicKey.export({ format: 'der', type: 'spki' })),
      'its algorithm is not taken here',
    ],
    [
      'another algorithm of the same secret',
      { algorithms: ['HS512'], secret },
      () => forge({ alg: 'HS256' }, claims, secret),
      'its algorithm is not taken here',
    ],
    [
      'a key of its own in the header',
      { publicKey: ec.publicKey },
      async () =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'ES256', jwk: await exportJWK((await generateKeyPair('ES256')).publicKey) })
          .sign((await generateKeyPair('ES256')).privateKey),
      'its signature is wrong',
    ],
    [
      'kid injection: a path',
      { secret },
      () => forge({ alg: 'HS256', kid: '../../../../dev/null' }, claims, ''),
      'its signature is wrong',
    ],
    [
      'kid injection: a query',
      { secret },
      () => forge({ alg: 'HS256', kid: "x' UNION SELECT 'key" }, claims, 'key'),
      'its signature is wrong',
    ],
    [
      'an unknown critical header',
      { secret },
      () => forge({ alg: 'HS256', crit: ['b64'], b64: false }, claims, secret),
      'it is malformed',
    ],
    ['expired', { secret }, () => forge({ alg: 'HS256' }, { ...claims, exp: now - 1 }, secret), 'it has expired'],
    ['nbf', { secret }, () => forge({ alg: 'HS256' }, { ...claims, nbf: now + 60 }, secret), 'it is not valid yet'],
    ['no exp', { secret }, () => forge({ alg: 'HS256' }, { sub: 'ada' }, secret), 'the claim exp is missing'],
    [
      'exp as a text',
      { secret },
      () => forge({ alg: 'HS256' }, { exp: '9999999999' }, secret),
      'the claim exp is wrong',
    ],
    [
      'wrong aud',
      { audience: 'api', secret },
      () => forge({ alg: 'HS256' }, { ...claims, aud: ['other'] }, secret),
      'the claim aud is wrong',
    ],
    [
      'no aud',
      { audience: 'api', secret },
      () => forge({ alg: 'HS256' }, { exp: now + 9 }, secret),
      'the claim aud is missing',
    ],
    [
      'wrong iss',
      { issuer: ['https://id.example/'], secret },
      () => forge({ alg: 'HS256' }, claims, secret),
      'the claim iss is wrong',
    ],
    [
      'too old',
      { maxTokenAge: '1m', secret },
      () => forge({ alg: 'HS256' }, { ...claims, iat: now - 90 }, secret),
      'it has expired',
    ],
    [
      'a required claim that is not there',
      { requiredClaims: ['sub', 'tenant'], secret },
      () => forge({ alg: 'HS256' }, claims, secret),
      'the claim tenant is missing',
    ],
    [
      'tampered',
      { secret },
      () =>
        forge({ alg: 'HS256' }, claims, secret).replace(
          /\.[^.]+\./,
          `.${Buffer.from(JSON.stringify({ ...claims, sub: 'root' })).toString('base64url')}.`,
        ),
      'its signature is wrong',
    ],
    [
      'the claim __proto__',
      { secret },
      () => forge({ alg: 'HS256' }, `{"exp":${now + 9},"__proto__":{"admin":true}}`, secret),
      'the claim __proto__ is not taken',
    ],
    [
      'the claim __proto__ further in',
      { secret },
      () => forge({ alg: 'HS256' }, `{"exp":${now + 9},"a":[{"__proto__":{"admin":true}}]}`, secret),
      'the claim __proto__ is not taken',
    ],
    ['claims that are no object', { secret }, () => forge({ alg: 'HS256' }, '[]', secret), 'it is malformed'],
    ['an encrypted token', { secret }, () => `${forge({ alg: 'dir', enc: 'A256GCM' }, claims)}..`, 'it is malformed'],
    [
      'a signature of another key',
      { publicKey: ec.publicKey },
      async () => sign('ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
      'its signature is wrong',
    ],
  ]
  for (const [name, options, make, reason] of wrong) {
    test(`refuses ${name}`, async () => {
      refused(await service(options)(await make()), reason)
    })
  }

  test('names a claim in the header, whatever it is called', async () => {
    const result = await service({ requiredClaims: ['"ж"'], secret })(forge({ alg: 'HS256' }, claims, secret))
    assert.equal(result.status, 401)
    assert.match(result.headers.get('www-authenticate') ?? '', /error_description="the claim \\"\?\\" is missing"$/)
  })

  test('takes a token within the tolerance of clocks', async () => {
    const token = forge({ alg: 'HS256' }, { ...claims, exp: now - 5 }, secret)
    assert.equal((await service({ clockTolerance: '10m', secret })(token)).status, 200)
  })

  test('takes tokens of several keys, each with its own algorithms', async () => {
    const old = randomBytes(32)
    const ask = service({ secret: [secret, old] })
    assert.equal((await ask(forge({ alg: 'HS256' }, claims, old))).status, 200)
    assert.equal((await ask(forge({ alg: 'HS512' }, claims, secret))).status, 200)
    // 32 bytes are too few for SHA-512 (RFC 7518, 3.2).
    refused(await ask(forge({ alg: 'HS512' }, claims, old)), 'its signature is wrong')
    const both = service({ publicKey: [pem(rsa.publicKey), ec.publicKey] })
    assert.equal((await both(await sign('ES256', ec.privateKey))).status, 200)
    assert.equal((await both(await sign('PS256', rsa.privateKey))).status, 200)
  })

  test('asks the claims, and takes the token from elsewhere', async () => {
    const auth = jwt<{ tenant: string }>({
      authorize: async ({ tenant }, req) => tenant === req.header('x-tenant'),
      secret,
      token: (req) => req.query.get('token') ?? undefined,
    })
    const app = new Hotpress({ logger: false })
    app.get('/', { use: auth }, (req) => auth.claims(req).tenant)
    const token = forge({ alg: 'HS256' }, { ...claims, tenant: 'a' }, secret)
    const ask = (tenant: string): Promise<InjectResult> =>
      app.inject({ headers: { 'x-tenant': tenant }, url: `/?token=${token}` })
    assert.equal((await ask('a')).text(), 'a')
    const other = await ask('b')
    assert.equal(other.status, 403)
    assert.equal(other.headers.get('www-authenticate'), 'Bearer realm="api", error="insufficient_scope"')
    assert.equal((await app.inject()).headers.get('www-authenticate'), 'Bearer realm="api"')
  })

  for (const scope of ['read write', ['read', 'write']]) {
    test(`finds scopes in ${JSON.stringify(scope)}`, async () => {
      const name = typeof scope === 'string' ? 'scope' : 'scp'
      const token = forge({ alg: 'HS256' }, { ...claims, [name]: scope }, secret)
      assert.equal((await service({ scope: ['write', 'read'], secret })(token)).status, 200)
      assert.equal((await service({ scope: 'write delete', secret })(token)).status, 403)
    })
  }
})

describe('options of jwt()', () => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const der = rsa.publicKey.export({ format: 'der', type: 'spki' })
  const jwk = rsa.publicKey.export({ format: 'jwk' })
  const isPair = 'a key of a pair, or a certificate'
  const cases: readonly (readonly [string, unknown, ...string[]])[] = [
    ['no key', {}, 'secret of jwt()', 'one of secret, publicKey and jwks'],
    ['a secret that is undefined', { secret: undefined }, 'one of secret, publicKey and jwks'],
    ['two keys', { publicKey: rsa.publicKey, secret }, 'publicKey and secret'],
    ['a public key in PEM for a secret', { secret: pem(rsa.publicKey) }, 'secret of jwt()', isPair, 'publicKey'],
    ['its bytes', { secret: Buffer.from(pem(ec.publicKey)) }, isPair],
    ['its bytes in a KeyObject', { secret: createSecretKey(Buffer.from(pem(ec.publicKey))) }, isPair],
    ['with space before it', { secret: `\n  ${pem(rsa.publicKey)}` }, isPair],
    ['in DER', { secret: der }, isPair],
    ['in base64', { secret: der.toString('base64') }, isPair],
    ['in base64url', { secret: der.toString('base64url') }, isPair],
    ['PKCS#1', { secret: rsa.publicKey.export({ format: 'der', type: 'pkcs1' }) }, isPair],
    ['as a JSON Web Key', { secret: JSON.stringify(jwk) }, isPair],
    ['for OpenSSH', { secret: `ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ ada` }, isPair],
    ['a private key for a secret', { secret: rsa.privateKey.export({ format: 'der', type: 'pkcs8' }) }, isPair],
    ['a public KeyObject for a secret', { secret: rsa.publicKey }, 'a public key'],
    ['a short secret', { secret: 'hunter2' }, 'one of 7 bytes', '32 bytes'],
    ['a secret for a public key', { publicKey: secret.toString('hex') }, 'a text that is no key in PEM'],
    ['a secret KeyObject for a public key', { publicKey: createSecretKey(secret) }, 'got a secret'],
    ['a secret as a JSON Web Key', { publicKey: { k: secret.toString('base64url'), kty: 'oct' } }, 'got a secret'],
    ['a private key for a public one', { publicKey: rsa.privateKey }, 'a private key'],
    ['a private key in PEM', { publicKey: rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }) }, 'a private key'],
    ['a private JSON Web Key', { publicKey: rsa.privateKey.export({ format: 'jwk' }) }, 'a private key'],
    ['a short RSA key', { publicKey: short.publicKey }, 'too short', '2,048 bits'],
    ['a key for agreements', { publicKey: generateKeyPairSync('x25519').publicKey }, 'x25519'],
    ["an alg that is not the key's", { publicKey: { ...jwk, alg: 'HS256' } }, 'a key with the alg HS256'],
    [
      'HS256 with a public key',
      { algorithms: ['HS256'], publicKey: rsa.publicKey },
      'algorithms of jwt()',
      '"HS256"',
      'PS256',
    ],
    ['none', { algorithms: ['none'], secret }, '"none"', 'HS256'],
    ['HS256 with a set of keys', { algorithms: ['HS256'], jwks: 'https://id.example/keys' }, '"HS256"'],
    ['RS256 with a secret', { algorithms: ['RS256'], secret }, '"RS256"'],
    ['a set of keys over http', { jwks: 'http://id.example/keys' }, 'an https URL'],
    ['what is no URL', { jwks: 'id.example' }, 'an https URL'],
    ['a set without keys', { jwks: { keys: [] } }, 'at least one key'],
    ['a set with a secret', { jwks: { keys: [{ k: 'AAAA', kty: 'oct' }] } }, 'key 0 of jwks', 'a secret'],
    ['a scope that is none', { scope: 'a "b"', secret }, 'scopes'],
    ['an empty audience', { audience: [], secret }, 'audience of jwt()'],
    ['a realm that splits', { realm: 'a\r\nb', secret }, 'realm of jwt()'],
    ['a time that is none', { maxTokenAge: 'soon', secret }, 'maxTokenAge of jwt()'],
  ]
  for (const [name, options, ...texts] of cases) {
    test(`do not take ${name}`, () => {
      assert.throws(
        () => jwt(options as JwtOptions),
        (error: Error) => {
          assert.ok(!error.message.includes('hunter2') && !error.message.includes('BEGIN'), error.message)
          return says('OPTION_INVALID', ...texts)(error as never)
        },
      )
    })
  }

  test('are known by name', () => {
    assert.throws(() => jwt({ secret, key: 'x' } as never), says('OPTION_UNKNOWN', 'key of jwt()', 'publicKey'))
  })
})

describe('the keys of an issuer', () => {
  const logs = recorder()
  let keys: object[] = []
  let status = 200
  let asked = 0
  const server = createServer((_request, response) => {
    asked++
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }))
  })
  after(() => server.close())
  const listening = new Promise<string>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`))
  })
  const published = (key: KeyObject, kid?: string): JsonWebKey => ({
    ...key.export({ format: 'jwk' }),
    ...(kid && { kid }),
  })

  test('are asked for once, and an unknown kid is a 401', async () => {
    keys = [published(ec.publicKey, 'one'), published(ed.publicKey, 'two')]
    asked = 0
    const ask = service({ jwks: await listening })
    const results = await Promise.all(
      [sign('ES256', ec.privateKey, claims, 'one'), sign('EdDSA', ed.privateKey, claims, 'two')].map(async (token) =>
        ask(await token),
      ),
    )
    assert.deepEqual(
      results.map((result) => result.status),
      [200, 200],
    )
    for (const kid of ['three', '../one', 'constructor']) {
      refused(await ask(await sign('ES256', ec.privateKey, claims, kid)), 'its key is not known')
    }
    assert.equal(asked, 1)
  })

  test('are never secrets', async () => {
    keys = [published(ec.publicKey, 'one')]
    const ask = service({ jwks: await listening })
    refused(
      await ask(forge({ alg: 'HS256', kid: 'one' }, claims, JSON.stringify(keys[0]))),
      'its algorithm is not taken here',
    )
    refused(await ask(forge({ alg: 'none', kid: 'one' }, claims)), 'its algorithm is not taken here')
  })

  test('are tried in turn for a token without a kid', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    keys = [published(other.publicKey, 'one'), published(ec.publicKey, 'two')]
    const ask = service({ jwks: await listening })
    assert.equal((await ask(await sign('ES256', ec.privateKey))).status, 200)
    const third = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    refused(await ask(await sign('ES256', third.privateKey)), 'its signature is wrong')
  })

  test('may be given as they are', async () => {
    const set = { keys: [published(ec.publicKey, 'one'), { ...published(rsa.publicKey), use: 'enc' }] }
    const ask = service({ jwks: set })
    assert.equal((await ask(await sign('ES256', ec.privateKey, claims, 'one'))).status, 200)
    refused(await ask(await sign('RS256', rsa.privateKey, claims, 'one')), 'its key is not known')
  })

  const failures: readonly (readonly [string, () => void])[] = [
    [
      'an error',
      () => {
        status = 500
      },
    ],
    [
      'what is no set',
      () => {
        keys = null as never
      },
    ],
  ]
  for (const [name, fail] of failures) {
    test(`that cannot be had (${name}) are a 503, a line in the log, and not asked for again at once`, async () => {
      status = 200
      keys = []
      fail()
      asked = 0
      const ask = service({ jwks: await listening }, logs.logger)
      const before = logs.entries.length
      const token = await sign('ES256', ec.privateKey)
      for (let turn = 0; turn < 3; turn++) {
        const result = await ask(token)
        assert.equal(result.status, 503, result.text())
        assert.equal(result.json<{ code: string }>().code, 'AUTHENTICATION_UNAVAILABLE')
        assert.equal(result.headers.get('retry-after'), '5')
      }
      const lines = logs.entries.slice(before).filter(({ level }) => level === 'error')
      assert.ok(lines.length > 0 && !JSON.stringify(lines).includes(token))
      assert.equal(asked, 1)
    })
  }

  test('that cannot be had at all are a 503, and the process goes on', async () => {
    const ask = service({ jwks: 'http://127.0.0.1:1/keys' })
    assert.equal((await ask(await sign('ES256', ec.privateKey))).status, 503)
    refused(await ask('x'), 'it is malformed')
  })
})
