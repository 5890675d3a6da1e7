import assert from 'node:assert/strict'
import { scryptSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { hash as bcrypt } from '@node-rs/bcrypt'
import {
  type BasicAuth,
  type BasicUsersOptions,
  basicAuth,
  Hotpress,
  hashPassword,
  type InjectResult,
} from '../../src/index.js'
import { readHash } from '../../src/middleware/password.js'
import { Verified } from '../../src/middleware/verified.js'
import { says } from '../_says.js'
import { deferred } from '../contract/http/_tools.js'

const cheap = { blockSize: 1, cost: 1, parallelization: 1 }

function service(auth: BasicAuth<string>): (name: string, password: string) => Promise<InjectResult> {
  const app = new Hotpress({ logger: false })
  app.get('/', { use: auth }, (req) => auth.user(req))
  return (name, password) => {
    const credentials = Buffer.from(`${name}:${password}`).toString('base64')
    return app.inject({ headers: { authorization: `Basic ${credentials}` } })
  }
}

describe('hashPassword()', () => {
  test('gives a PHC string of scrypt, with another salt each time', async () => {
    const text = await hashPassword('secret', { blockSize: 2, cost: 4, parallelization: 3 })
    const [, name, costs, salt, hash] = text.split('$')
    assert.equal(name, 'scrypt')
    assert.equal(costs, 'ln=4,r=2,p=3')
    const expected = scryptSync('secret', Buffer.from(salt!, 'base64'), 32, { N: 16, p: 3, r: 2 })
    assert.equal(hash, expected.toString('base64').replace(/=+$/, ''))
    assert.notEqual(await hashPassword('secret', cheap), await hashPassword('secret', cheap))
  })

  test('takes the costs that OWASP names by default', async () => {
    assert.match(await hashPassword('secret'), /^\$scrypt\$ln=14,r=8,p=5\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  })

  test('takes what looks the same for the same', async () => {
    const stored = readHash(await hashPassword('caf\u00e9', cheap))
    assert.equal(await stored?.matches('cafe\u0301'), true)
  })

  const wrong: readonly (readonly [string, unknown[], ...string[]])[] = [
    ['no password', [undefined], 'password of hashPassword()', 'undefined'],
    ['an empty one', [''], 'an empty one'],
    ['costs that are none', ['x', { cost: 0 }], 'cost of hashPassword()', '0', 'from 1 to 20'],
    ['more than 256 MB', ['x', { blockSize: 32, cost: 20 }], '256 MB'],
  ]
  for (const [name, given, ...texts] of wrong) {
    test(`does not take ${name}`, async () => {
      const [password, options] = given as [string, object]
      await assert.rejects(hashPassword(password, options), says('OPTION_INVALID', ...texts))
    })
  }
})

describe('readHash()', () => {
  const salt = 'c2FsdHNhbHRzYWx0c2Fs'
  for (const text of [
    '',
    'secret',
    '$scrypt$',
    `$scrypt$ln=0,r=8,p=1$${salt}$${'a'.repeat(43)}`,
    `$scrypt$ln=21,r=8,p=1$${salt}$${'a'.repeat(43)}`,
    `$scrypt$ln=20,r=32,p=1$${salt}$${'a'.repeat(43)}`,
    `$scrypt$ln=14,r=8,p=1$${salt}$short`,
    `$argon2id$v=19$m=65536,t=3,p=4$${salt}$${'a'.repeat(43)}`,
    `$2b$03$${'a'.repeat(53)}`,
    `$2x$10$${'a'.repeat(53)}`,
    `$2b$10$${'a'.repeat(52)}`,
  ]) {
    test(`does not take ${JSON.stringify(text)}`, () => {
      assert.equal(readHash(text), undefined)
    })
  }

  test('gives decoys that cost as much, and that nothing matches', async () => {
    for (const text of [await hashPassword('secret', cheap), await bcrypt('secret', 4)]) {
      const stored = readHash(text)!
      assert.equal(await stored.matches('secret'), true)
      assert.equal(await stored.matches('Secret'), false)
      assert.equal(await stored.decoy().matches('secret'), false)
    }
  })
})

describe('basicAuth()', () => {
  test('takes hashes of scrypt and bcrypt, in a record or a Map', async () => {
    const users = {
      ada: await hashPassword('1', cheap),
      bob: await bcrypt('2', 4),
      'bob y': (await bcrypt('3', 4)).replace('$2b', '$2y'),
    }
    for (const list of [users, new Map(Object.entries(users))]) {
      const ask = service(basicAuth({ users: list }))
      assert.equal((await ask('ada', '1')).text(), 'ada')
      assert.equal((await ask('bob', '2')).text(), 'bob')
      assert.equal((await ask('bob y', '3')).text(), 'bob y')
      for (const [name, password] of [
        ['ada', '2'],
        ['bob', '1'],
        ['', ''],
        ['toString', ''],
        ['__proto__', '1'],
      ] as const) {
        assert.equal((await ask(name, password)).status, 401, name)
      }
    }
  })

  test('asks a function, which may say who it is', async () => {
    const auth = basicAuth<{ readonly id: number }>({
      verify: async (name, password, req) =>
        name === 'ada' && password === 'a:b' && req.path === '/' ? { id: 7 } : null,
    })
    const app = new Hotpress({ logger: false })
    app.get('/', { use: auth }, (req) => ({ user: auth.user(req).id }))
    const headers = { authorization: `Basic ${Buffer.from('ada:a:b').toString('base64')}` }
    assert.deepEqual((await app.inject({ headers })).json(), { user: 7 })
    const yes = service(basicAuth({ verify: (name) => name === 'ada' }))
    assert.equal((await yes('ada', '')).text(), 'ada')
    assert.equal((await yes('bob', '')).status, 401)
  })

  test('answers 503 when too many passwords wait to be compared', async () => {
    const users = { ada: await hashPassword('1', { blockSize: 8, cost: 10, parallelization: 1 }) }
    const ask = service(basicAuth({ users }))
    const results = await Promise.all(Array.from({ length: 100 }, (_, index) => ask('ada', `wrong ${index}`)))
    const busy = results.filter(({ status }) => status === 503)
    // Two are compared, and 64 wait.
    assert.equal(busy.length, 34)
    assert.equal(busy[0]?.headers.get('retry-after'), '1')
    assert.ok(results.every(({ status }) => status === 401 || status === 503))
    assert.equal((await ask('ada', '1')).status, 200)
  })

  const hash = '$scrypt$ln=1,r=1,p=1$c2FsdHNhbHRzYWx0c2Fs$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh'
  const wrong: readonly (readonly [string, unknown, ...string[]])[] = [
    ['nothing', {}, 'users of basicAuth()'],
    ['both', { users: { ada: hash }, verify: () => true }, 'both'],
    ['no users', { users: {} }, 'at least one'],
    ['a list', { users: [hash] }, 'an array'],
    ['a password for a hash', { users: { ada: 'hunter2' } }, 'for "ada" a value that is no hash', 'hashPassword()'],
    ['a name with a colon', { users: { 'a:b': hash } }, '"a:b"', 'without a colon'],
    ['a realm that splits', { realm: 'a\r\nb', users: { ada: hash } }, 'realm of basicAuth()'],
    ['a time that is none', { cacheFor: 'long', users: { ada: hash } }, 'cacheFor of basicAuth()'],
    ['a verify that is no function', { verify: 'yes' }, 'verify of basicAuth()', 'a function'],
  ]
  for (const [name, options, ...texts] of wrong) {
    test(`does not take ${name}`, () => {
      assert.throws(
        () => basicAuth(options as BasicUsersOptions),
        (error: Error) => {
          assert.doesNotMatch(error.message, /hunter2/)
          return says('OPTION_INVALID', ...texts)(error as never)
        },
      )
    })
  }
})

describe('what was verified a moment ago', () => {
  test('is not compared again, and only what was right', async () => {
    const verified = new Verified(60_000)
    let compared = 0
    const compare = (isRight: boolean) => async () => {
      compared++
      return isRight
    }
    assert.equal(await verified.ask('ada', '1', compare(true)), true)
    assert.equal(verified.ask('ada', '1', compare(true)), true)
    assert.equal(compared, 1)
    assert.equal(await verified.ask('ada', '2', compare(false)), false)
    assert.equal(await verified.ask('ada', '2', compare(false)), false)
    // Nothing of the name passes for the password.
    assert.equal(await verified.ask('ad', 'a1', compare(false)), false)
    assert.equal(compared, 4)
  })

  test('is shared while it is being compared, and a failure is not kept', async () => {
    const verified = new Verified(0)
    const gate = deferred<boolean>()
    const never = (): Promise<boolean> => assert.fail('compared twice')
    const first = verified.ask('ada', '1', () => gate.promise)
    const second = verified.ask('ada', '1', never)
    gate.resolve(true)
    assert.deepEqual(await Promise.all([first, second]), [true, true])
    await assert.rejects(async () => verified.ask('ada', '1', () => Promise.reject(new Error('no'))), /no/)
    // Without a time to keep it, what was right is compared again.
    assert.equal(await verified.ask('ada', '1', () => Promise.resolve(false)), false)
  })

  test('is bounded: the oldest is forgotten', async () => {
    const verified = new Verified(60_000)
    for (let index = 0; index <= 1_000; index++) await verified.ask('ada', String(index), () => Promise.resolve(true))
    assert.equal(await verified.ask('ada', '0', () => Promise.resolve(false)), false)
    assert.equal(
      verified.ask('ada', '1000', () => Promise.resolve(false)),
      true,
    )
  })
})
