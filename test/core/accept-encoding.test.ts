import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { acceptsIdentity, type ContentCoding, contentCodings, negotiateCoding } from '../../src/core/accept-encoding.js'

type Case = readonly [header: string | undefined, wanted: ContentCoding | 'identity' | undefined]

const all: readonly Case[] = [
  // Without the header anything would do; a client that knows no codings gets none.
  [undefined, 'identity'],
  // RFC 9110, 12.5.3: an empty field takes nothing but identity.
  ['', 'identity'],
  [' ', 'identity'],
  // The examples of the RFC.
  ['compress, gzip', 'gzip'],
  ['*', 'br'],
  ['compress;q=0.5, gzip;q=1.0', 'gzip'],
  ['gzip;q=1.0, identity; q=0.5, *;q=0', 'gzip'],
  // What browsers and tools send.
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip, deflate, br', 'br'],
  ['gzip, deflate', 'gzip'],
  ['br', 'br'],
  ['zstd', 'zstd'],
  ['gzip', 'gzip'],
  ['identity', 'identity'],
  ['deflate', 'identity'],
  // Weights before the server's order.
  ['br;q=0.5, gzip;q=0.9', 'gzip'],
  ['br;q=0.001, gzip;q=0.002, zstd;q=0.003', 'zstd'],
  ['gzip;q=0.8, br;q=0.8', 'br'],
  ['gzip;q=0.8, zstd;q=0.8', 'zstd'],
  ['br;q=0, gzip', 'gzip'],
  ['br;q=0.000, zstd;q=0., gzip;q=0', 'identity'],
  ['br;q=1., gzip;q=0.999', 'br'],
  ['br;q=1.000, gzip;q=1', 'br'],
  // Identity: last among equals, first where the client wants it.
  ['identity, gzip', 'gzip'],
  ['identity;q=0.5, gzip;q=0.5', 'gzip'],
  ['identity, gzip;q=0.5', 'identity'],
  ['identity;q=0.5, gzip', 'gzip'],
  ['gzip;q=0.001', 'gzip'],
  // The asterisk: all that is not mentioned, identity too.
  ['*;q=0.5, gzip', 'gzip'],
  ['*, br;q=0', 'zstd'],
  ['*;q=0.1, identity;q=0.2', 'identity'],
  ['*;q=0.5, identity;q=0', 'br'],
  ['br;q=0.2, zstd;q=0.2, gzip;q=0.2, *', 'identity'],
  // Refused by name or by asterisk.
  ['identity;q=0', undefined],
  ['*;q=0', undefined],
  ['*;q=0, identity', 'identity'],
  ['*;q=0, identity;q=0.1', 'identity'],
  ['*;q=0, deflate', undefined],
  ['*;q=0, gzip', 'gzip'],
  ['identity;q=0, deflate', undefined],
  ['identity;q=0, gzip;q=0.1', 'gzip'],
  ['identity;q=0, *;q=0', undefined],
  ['identity;q=0, br;q=0, zstd;q=0, gzip;q=0', undefined],
  // Letter case and the older name.
  ['GZIP', 'gzip'],
  ['Br;Q=0.5, gZip;q=0.4', 'br'],
  ['IDENTITY;q=0', undefined],
  ['x-gzip', 'gzip'],
  ['X-GZIP;q=0.5', 'gzip'],
  ['x-gzip;q=0, identity;q=0', undefined],
  // Space where the grammar has it, and empty members.
  ['  gzip\t;\tq=0.5 ,\tbr ; q=0.6  ', 'br'],
  [',, gzip,,', 'gzip'],
  // Members that are malformed are as if they were not there.
  ['br;q=2, gzip', 'gzip'],
  ['br;q=-1, gzip', 'gzip'],
  ['br;q=0.1234, gzip', 'gzip'],
  ['br;q=1.001, gzip', 'gzip'],
  ['br;q=.5, gzip', 'gzip'],
  ['br;q=, gzip', 'gzip'],
  ['br;q, gzip', 'gzip'],
  ['br;q= 1, gzip', 'gzip'],
  ['br;level=5, gzip', 'gzip'],
  ['br;q=1;q=0, gzip', 'gzip'],
  ['b r, gzip', 'gzip'],
  ['"br", gzip', 'gzip'],
  ['br/1, gzip', 'gzip'],
  ['\xa0br, gzip', 'gzip'],
  ['identity;q=zero', 'identity'],
  ['*;q=nothing', 'identity'],
  [';q=0', 'identity'],
  // Of two for one coding the first counts.
  ['br;q=0, br', 'identity'],
  ['br, br;q=0', 'br'],
  ['gzip, x-gzip;q=0', 'gzip'],
  // Names of Object.prototype are names of nothing.
  ['constructor, __proto__, toString', 'identity'],
]

describe('Accept-Encoding', () => {
  for (const [header, wanted] of all) {
    test(`${JSON.stringify(header) ?? 'none'} gets ${wanted ?? 'a 406'}`, () => {
      assert.equal(negotiateCoding(header, contentCodings), wanted)
      // The second time it comes from memory.
      assert.equal(negotiateCoding(header, contentCodings), wanted)
    })
  }

  test('the server decides among equals, by its own order', () => {
    const browser = 'gzip, deflate, br, zstd'
    assert.equal(negotiateCoding(browser, ['gzip', 'br']), 'gzip')
    assert.equal(negotiateCoding(browser, ['zstd', 'br', 'gzip']), 'zstd')
    assert.equal(negotiateCoding('*', ['gzip']), 'gzip')
  })

  test('only what is available is given', () => {
    assert.equal(negotiateCoding('br', ['gzip']), 'identity')
    assert.equal(negotiateCoding('br, identity;q=0', ['gzip']), undefined)
    assert.equal(negotiateCoding('br', []), 'identity')
    assert.equal(negotiateCoding('identity;q=0', []), undefined)
    assert.equal(negotiateCoding('gzip;q=0.5, *', ['gzip']), 'identity')
  })

  test('identity is taken unless it is refused', () => {
    for (const header of [undefined, '', 'gzip', '*', '*;q=0, identity', 'identity;q=0.001']) {
      assert.equal(acceptsIdentity(header), true, header)
    }
    for (const header of ['identity;q=0', '*;q=0', 'gzip, *;q=0.0'])
      assert.equal(acceptsIdentity(header), false, header)
  })

  test('more different values than are kept change nothing', () => {
    for (let round = 0; round < 3; round++) {
      for (let index = 1; index <= 200; index++) {
        assert.equal(negotiateCoding(`x-${index}, gzip;q=0.${index}`, contentCodings), 'gzip')
      }
      assert.equal(negotiateCoding(`${'x, '.repeat(10_000)}br`, contentCodings), 'br')
    }
  })
})
