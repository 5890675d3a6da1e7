import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AddressSet, canonicalAddress, networkOf } from '../../src/core/addresses.js'
import { says } from '../_says.js'

describe('canonicalAddress()', () => {
  const spellings: readonly (readonly [string, string | undefined])[] = [
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:10.0.0.1', '10.0.0.1'],
    ['::ffff:a00:1', '10.0.0.1'],
    ['0:0:0:0:0:ffff:0a00:0001', '10.0.0.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::1', '::1'],
    ['0x0a.0.0.1', undefined],
    ['010.0.0.1', undefined],
    ['10.1', undefined],
    ['167772161', undefined],
    ['[::1]', undefined],
    ['::1/128', undefined],
    ['10.0.0.1 ', undefined],
    ['', undefined],
    ['localhost', undefined],
  ]
  for (const [given, canonical] of spellings) {
    test(`of ${JSON.stringify(given)} is ${canonical}`, () => assert.equal(canonicalAddress(given), canonical))
  }
})

describe('networkOf()', () => {
  const networks: readonly (readonly [string, string])[] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff::', '2001:db8:1:2::/64'],
    ['', ''],
    ['unix', 'unix'],
  ]
  for (const [address, network] of networks) {
    test(`of ${JSON.stringify(address)} is ${network}`, () => assert.equal(networkOf(address), network))
  }

  test('cuts IPv6 at any bit', () => {
    assert.equal(networkOf('2001:db8:ffff::1', 36), '2001:db8:f000::/36')
    assert.equal(networkOf('2001:db8:ffff::1', 128), '2001:db8:ffff::1/128')
    assert.equal(networkOf('2001:db8:ffff::1', 0), '::/0')
  })
})

describe('AddressSet', () => {
  const cases: readonly (readonly [readonly string[], string, boolean])[] = [
    [['10.0.0.0/8'], '10.255.0.1', true],
    [['10.0.0.0/8'], '11.0.0.1', false],
    [['10.0.0.0/8'], '::ffff:10.0.0.1', true],
    [['10.0.0.0/8'], '::ffff:a00:1', true],
    [['::ffff:10.0.0.0/104'], '10.2.3.4', true],
    [['::ffff:10.0.0.0/104'], '11.2.3.4', false],
    [['10.0.0.1'], '10.0.0.1', true],
    [['10.0.0.1'], '10.0.0.2', false],
    [['2001:db8::/32'], '2001:DB8:ffff::1', true],
    [['2001:db8::/32'], '2001:db9::', false],
    [['::/0'], '10.0.0.1', false],
    [['0.0.0.0/0'], '::1', false],
    [['loopback'], '127.8.9.10', true],
    [['loopback'], '::1', true],
    [['loopback'], '0:0:0:0:0:0:0:1', true],
    [['private'], '172.31.0.1', true],
    [['private'], '172.32.0.1', false],
    [['private'], 'fd00::1', true],
    [['linklocal'], 'fe80::1%eth0', true],
    [['loopback', '192.0.2.0/24'], '192.0.2.200', true],
    [[], '127.0.0.1', false],
    [['loopback'], '', false],
    [['0.0.0.0/0'], 'unknown', false],
  ]
  for (const [list, address, isIn] of cases) {
    test(`[${list}] ${isIn ? 'has' : 'has not'} ${JSON.stringify(address)}`, () => {
      const set = new AddressSet(list, 'trustProxy')
      assert.equal(set.has(address), isIn)
      assert.equal(set.has(address), isIn, 'and again, from memory')
    })
  }

  test('takes one text for a list of one', () => assert.equal(new AddressSet('loopback', 'x').has('::1'), true))

  const wrong = [
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0/8',
    '::/129',
    '010.0.0.1',
    'toString',
    '',
    '::ffff:10.0.0.0/95',
    7,
  ]
  for (const entry of wrong) {
    test(`does not take ${JSON.stringify(entry)}`, () => {
      assert.throws(
        () => new AddressSet(['loopback', entry], 'trustProxy'),
        says('OPTION_INVALID', 'trustProxy', JSON.stringify(entry), '10.0.0.0/8', 'loopback'),
      )
    })
  }

  test('does not grow with the addresses that it is asked for', () => {
    const set = new AddressSet(['10.0.0.0/8'], 'x')
    for (let index = 0; index < 10_000; index++) set.has(`10.0.${index >> 8}.${index & 255}`)
    assert.equal(set.has('10.0.0.1'), true)
  })
})

test('AddressSet: packs its blocks as the native core takes them', () => {
  const bytes = new AddressSet(['10.1.0.0/16', '2001:db8::/32', '::ffff:192.0.2.7'], 'x').packed()
  const mapped = (...rest: readonly number[]): number[] => [...Array<number>(10).fill(0), 255, 255, ...rest]
  assert.deepEqual(
    [...bytes],
    [
      ...[...mapped(10, 1, 0, 0), 112],
      ...[0x20, 0x01, 0x0d, 0xb8, ...Array<number>(12).fill(0), 32],
      ...[...mapped(192, 0, 2, 7), 128],
    ],
  )
})
