import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { inspect } from 'node:util'
import { readCookies } from '../../src/core/cookies.js'
import { Cookie, CookieKeys, type HttpRequest } from '../../src/index.js'
import { says } from '../_says.js'

const [newest, older, other] = ['n', 'o', 'x'].map((letter) => letter.repeat(32)) as [string, string, string]

/** A request that brings cookies back as a browser would. */
function requestWith(...cookies: readonly (Cookie | string)[]): HttpRequest {
  const header = cookies.map((cookie) => `${cookie}`.split(';')[0]).join('; ')
  return { cookies: readCookies(header) } as HttpRequest
}

/** Both ways of the keys under one name. */
const ways: Readonly<
  Record<
    string,
    {
      readonly close: (keys: CookieKeys, cookie: Cookie) => Cookie
      readonly open: (keys: CookieKeys, request: HttpRequest, name: string) => string | undefined
    }
  >
> = {
  encrypted: {
    close: (keys, cookie) => keys.encrypt(cookie),
    open: (keys, request, name) => keys.decrypt(request, name),
  },
  signed: {
    close: (keys, cookie) => keys.sign(cookie),
    open: (keys, request, name) => keys.verify(request, name),
  },
}

for (const [way, { close, open }] of Object.entries(ways)) {
  describe(`${way} cookies`, () => {
    const keys = new CookieKeys([newest, older])

    for (const value of ['', 'v', 'a.b.c', '..', 'a;b, "c"\\%20', 'ü☃😀\0\r\n', 'x'.repeat(2000)]) {
      test(`give their value back: ${JSON.stringify(value.slice(0, 20))}`, () => {
        assert.equal(open(keys, requestWith(close(keys, new Cookie('sid', value))), 'sid'), value)
      })
    }

    test('keep their attributes', () => {
      const cookie = new Cookie('__Host-sid', 'v').path('/').secure().httpOnly().sameSite('Lax').maxAge(60)
      assert.match(`${close(keys, cookie)}`, /; Path=\/; Max-Age=60; HttpOnly; Secure; SameSite=Lax$/)
      assert.equal(`${cookie}`.startsWith('__Host-sid=v;'), true)
    })

    test('of an older key are read, of one that was taken away not', () => {
      const old = requestWith(close(new CookieKeys([older]), new Cookie('sid', 'v')))
      assert.equal(open(keys, old, 'sid'), 'v')
      assert.equal(open(new CookieKeys([newest]), old, 'sid'), undefined)
      assert.equal(open(new CookieKeys([other]), old, 'sid'), undefined)
      const fresh = requestWith(close(keys, new Cookie('sid', 'v')))
      assert.equal(open(new CookieKeys([newest]), fresh, 'sid'), 'v')
      assert.equal(open(new CookieKeys([older]), fresh, 'sid'), undefined)
    })

    test('take keys as texts and as bytes alike', () => {
      const bytes = new CookieKeys([Buffer.from(newest)])
      assert.equal(open(bytes, requestWith(close(keys, new Cookie('sid', 'v'))), 'sid'), 'v')
    })

    test('cannot be moved to another name', () => {
      const { value } = close(keys, new Cookie('theme', 'admin'))
      assert.equal(open(keys, requestWith(`theme=${value}`), 'theme'), 'admin')
      for (const name of ['role', 'Theme', 'them', 'theme2']) {
        assert.equal(open(keys, requestWith(`${name}=${value}`), name), undefined, name)
      }
    })

    test('cannot be changed in any place', () => {
      const { value } = close(keys, new Cookie('sid', 'user.7').maxAge(60))
      for (let at = 0; at < value.length; at++) {
        const letter = value[at] === 'A' ? 'B' : 'A'
        for (const changed of [
          value.slice(0, at) + letter + value.slice(at + 1),
          value.slice(0, at) + value.slice(at + 1),
        ]) {
          assert.equal(open(keys, requestWith(`sid=${changed}`), 'sid'), undefined, changed)
        }
      }
    })

    test('have one spelling', () => {
      const { value } = close(keys, new Cookie('sid', 'v'))
      for (const changed of [`${value}=`, `${value}==`, `${value} `, `${value}.`, `.${value}`, `${value}A`]) {
        assert.equal(open(keys, requestWith(`sid=${encodeURIComponent(changed)}`), 'sid'), undefined, changed)
      }
      const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      const read = [...last].filter(
        (each) => open(keys, requestWith(`sid=${value.slice(0, -1)}${each}`), 'sid') === 'v',
      )
      assert.deepEqual(read, [value.at(-1)])
    })

    for (const [name, value] of [
      ['nothing', ''],
      ['dots', '....'],
      ['a value alone', 'v'],
      ['a value without a signature', 'v..'],
      ['another way of sealing', 's%3Av.abcdef'],
      ['too little', 'AAAA'],
      ['zeros', 'A'.repeat(200)],
      ['what is not base64url', '!!!!~~~~'.repeat(10)],
      ['what is beyond ASCII', 'ü.☃.\xff'],
      ['the most that there can be', 'a'.repeat(8000)],
    ] as const) {
      test(`that are ${name} are none`, () => {
        assert.equal(open(keys, requestWith(`sid=${value}`), 'sid'), undefined)
      })
    }

    test('that are not there are none', () => {
      assert.equal(open(keys, requestWith(), 'sid'), undefined)
      for (const name of ['constructor', '__proto__', 'toString']) {
        assert.equal(open(keys, requestWith(), name), undefined)
      }
    })

    test('are refused after their time, whatever the client has kept', () => {
      mock.timers.enable({ apis: ['Date'], now: Date.UTC(2030, 0, 1) })
      try {
        const minute = requestWith(close(keys, new Cookie('sid', 'v').maxAge(60)))
        const until = requestWith(close(keys, new Cookie('sid', 'v').expires(new Date(Date.UTC(2030, 0, 2)))))
        const both = requestWith(
          close(keys, new Cookie('sid', 'v').maxAge(3600).expires(new Date(Date.UTC(2030, 0, 2)))),
        )
        const session = requestWith(close(keys, new Cookie('sid', 'v')))
        const read = (): unknown[] => [minute, both, until, session].map((request) => open(keys, request, 'sid'))
        assert.deepEqual(read(), ['v', 'v', 'v', 'v'])
        mock.timers.setTime(Date.UTC(2030, 0, 1, 0, 0, 59))
        assert.deepEqual(read(), ['v', 'v', 'v', 'v'])
        mock.timers.setTime(Date.UTC(2030, 0, 1, 0, 1))
        assert.deepEqual(read(), [undefined, 'v', 'v', 'v'])
        mock.timers.setTime(Date.UTC(2030, 0, 1, 1))
        assert.deepEqual(read(), [undefined, undefined, 'v', 'v'])
        mock.timers.setTime(Date.UTC(2040, 0, 1))
        assert.deepEqual(read(), [undefined, undefined, undefined, 'v'])
        assert.equal(open(keys, requestWith(close(keys, new Cookie('sid', 'v').maxAge(0))), 'sid'), undefined)
        assert.equal(
          open(keys, requestWith(close(keys, new Cookie('sid', 'v').expires(new Date(0)))), 'sid'),
          undefined,
        )
      } finally {
        mock.timers.reset()
      }
    })

    test('are refused where they are too large for a browser', () => {
      assert.throws(() => close(keys, new Cookie('sid', 'x'.repeat(4093))), says('COOKIE_INVALID', 'sid', 'bytes'))
    })
  })
}

describe('the two ways', () => {
  const keys = new CookieKeys([newest])

  test('are not taken for each other', () => {
    const signed = keys.sign(new Cookie('sid', 'v'))
    const sealed = keys.encrypt(new Cookie('sid', 'v'))
    assert.equal(keys.decrypt(requestWith(signed), 'sid'), undefined)
    assert.equal(keys.verify(requestWith(sealed), 'sid'), undefined)
  })

  test('show and hide the value', () => {
    assert.match(keys.sign(new Cookie('sid', 'visible')).value, /^visible\.\.[\w-]{43}$/)
    const sealed = Array.from({ length: 100 }, () => keys.encrypt(new Cookie('sid', 'v')).value)
    assert.equal(new Set(sealed).size, 100)
    assert.equal(new Set(sealed.map((value) => value.slice(0, 16))).size, 100)
  })
})

describe('keys', () => {
  for (const [given, got] of [
    [[], 'no key'],
    ['x'.repeat(32), '"xxx'],
    [undefined, 'undefined'],
    [['secret-of-31-bytes-is-too-short'], 'a key of 31 bytes'],
    [[newest, ''], 'a key of 0 bytes'],
    [[newest, new Uint8Array(16)], 'a key of 16 bytes'],
    [[undefined], 'undefined'],
    [[{ length: 32 }], 'an object'],
  ] as const) {
    test(`are refused: ${got}`, () => {
      assert.throws(
        () => new CookieKeys(given as never),
        says('OPTION_INVALID', 'keys of CookieKeys', got, 'at least 32 bytes'),
      )
    })
  }

  test('are not in errors, and not in what is shown of their object', () => {
    assert.throws(
      () => new CookieKeys(['secret']),
      (error: Error) => !error.message.includes('secret'),
    )
    assert.equal(inspect(new CookieKeys([newest]), { depth: 9, showHidden: true }).includes('nnn'), false)
  })
})
