import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RequestSource } from '../../src/core/request-source.js'
import { type Origin, peerAddressOf, settleTrust } from '../../src/core/trust.js'
import { says } from '../_says.js'

type Headers = Readonly<Record<string, string>>

function sourceOf(ip: string, headers: Headers = {}): RequestSource {
  const headerList = (lower: string): string | undefined => headers[lower]
  return { headerList, ip, protocol: 'http' } as unknown as RequestSource
}

function originOf(option: unknown, ip: string, headers: Headers): Origin {
  return settleTrust(option)!.originOf(sourceOf(ip, headers))
}

const xff = (chain: string, more: Headers = {}): Headers => ({ 'x-forwarded-for': chain, ...more })
const client = '203.0.113.7'

describe('the option trustProxy', () => {
  test('is off where it is false', () => assert.equal(settleTrust(false), undefined))

  test('refuses true, and says why', () => {
    assert.throws(() => settleTrust(true), says('OPTION_INVALID', 'trustProxy', 'every client could write the address'))
  })

  for (const [value, ...texts] of [
    ['10.0.0.0/33', 'trustProxy', '"10.0.0.0/33"'],
    ['everybody', 'trustProxy', '"everybody"', "'loopback'"],
    [['loopback', 7], 'trustProxy', '7'],
    [33, 'trustProxy', '33', '1 to 32'],
    [{}, 'from of trustProxy', 'undefined'],
    [{ from: true }, 'from of trustProxy', 'true'],
    [{ from: 'loopback', header: 'X-Real-IP' }, 'header of trustProxy', '"X-Real-IP"', "'x-forwarded' or 'forwarded'"],
  ] as const) {
    test(`does not take ${JSON.stringify(value)}`, () => {
      assert.throws(() => settleTrust(value), says('OPTION_INVALID', ...texts))
    })
  }

  test('has no option that is not known', () => {
    assert.throws(() => settleTrust({ form: 1 }), says('OPTION_UNKNOWN', 'form of trustProxy', 'from, header'))
  })
})

describe('the address of the client', () => {
  const nets = ['10.0.0.0/8', '2001:db8:1::/48']
  for (const [name, option, peer, chain, ip] of [
    ['a peer that is no proxy is the client, whatever it says', nets, client, '1.1.1.1', client],
    ['is that of the peer where a proxy says nothing', nets, '10.0.0.1', '', '10.0.0.1'],
    ['is what the proxy has appended', nets, '10.0.0.1', `1.1.1.1, 10.9.9.9, ${client}`, client],
    ['skips further proxies', nets, '10.0.0.1', `1.1.1.1, ${client}, 10.0.0.3, 10.0.0.2`, client],
    ['is the farthest proxy where there are only proxies', nets, '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['stops at unknown', nets, '10.0.0.1', '1.1.1.1, unknown, 10.0.0.2', '10.0.0.2'],
    ['stops at an obfuscated entry', nets, '10.0.0.1', '1.1.1.1, _gateway', '10.0.0.1'],
    ['stops at garbage', nets, '10.0.0.1', `${client}, <script>, 10.0.0.2`, '10.0.0.2'],
    ['passes over empty entries', nets, '10.0.0.1', `1.1.1.1, ${client}, , 10.0.0.2,,`, client],
    ['has no port', nets, '10.0.0.1', '[2001:db8:2::1]:4711, 10.0.0.2:80', '2001:db8:2::1'],
    ['finds proxies by IPv4 in IPv6: ::ffff:', nets, '::ffff:10.0.0.1', `1.1.1.1, ${client}, ::ffff:10.0.0.2`, client],
    ['finds proxies by hex IPv6', nets, '0:0:0:0:0:ffff:0a00:0001', `${client}, ::FFFF:a00:2`, client],
    ['finds proxies in any spelling of IPv6', nets, '2001:DB8:1:0::1', `${client}, 2001:db8:0001:0:0:0:0:2`, client],
    ['is in its one spelling', nets, '10.0.0.1', '2001:0DB8:0002::0001', '2001:db8:2::1'],
    ['IPv4 in IPv6 is IPv4', nets, '10.0.0.1', `::ffff:${client}`, client],
    ['one proxy', 1, '10.0.0.1', `1.1.1.1, ${client}`, client],
    ['two proxies', 2, '10.0.0.1', `1.1.1.1, ${client}, 10.0.0.2`, client],
    ['hop-count trust spoofing: a count takes no more than the chain has', 3, client, '1.1.1.1, 2.2.2.2', client],
    [
      'hop-count trust spoofing: what the client prepends is beyond the count',
      2,
      '10.0.0.1',
      `9.9.9.9, 8.8.8.8, ${client}, 10.0.0.2`,
      client,
    ],
    ['hop-count trust spoofing: no chain, no proxy', 1, client, '', client],
    ['a count stops at garbage too', 3, '10.0.0.1', `${client}, unknown, 10.0.0.2`, '10.0.0.2'],
    [
      'the others of a Forwarded header are not asked',
      { from: nets, header: 'forwarded' },
      '10.0.0.1',
      '1.1.1.1',
      '10.0.0.1',
    ],
  ] as const) {
    test(name, () => assert.equal(originOf(option, peer, xff(chain)).ip, ip))
  }

  test('no more than 32 entries are looked at', () => {
    const chain = [client, ...Array.from({ length: 32 }, (_, index) => `10.0.1.${index}`)].join(', ')
    assert.equal(originOf('10.0.0.0/8', '10.0.0.1', xff(chain)).ip, '10.0.1.0')
    assert.equal(originOf(32, '10.0.0.1', xff(`8.8.8.8, ${chain}`)).ip, '10.0.1.0')
  })

  for (const [name, forwarded, ip] of [
    ['by Forwarded', `for=1.1.1.1, for=${client};proto=https`, client],
    ['by Forwarded, behind further proxies', `for=1.1.1.1, for=${client}, for="10.0.0.2:80"`, client],
    ['by Forwarded, with a string left open by the client', `for=", for=${client};host="a.test"`, client],
    ['by Forwarded, with an element that is malformed', `for=${client}, for=10.0.0.2;for=10.0.0.3`, '10.0.0.1'],
    ['by Forwarded without for', `for=${client}, proto=https`, '10.0.0.1'],
  ] as const) {
    test(name, () => {
      const option = { from: nets, header: 'forwarded' }
      assert.equal(originOf(option, '10.0.0.1', { forwarded, ...xff('6.6.6.6') }).ip, ip)
    })
  }
})

describe('the scheme and the host', () => {
  const forwarded = (chain: string, host: string, proto: string): Headers =>
    xff(chain, { 'x-forwarded-host': host, 'x-forwarded-proto': proto })

  for (const [name, option, peer, headers, host, protocol] of [
    [
      'are those of the proxy',
      '10.0.0.0/8',
      '10.0.0.1',
      forwarded(client, 'a.test:444', 'https'),
      'a.test:444',
      'https',
    ],
    [
      'are not those of a peer that is no proxy',
      '10.0.0.0/8',
      client,
      forwarded('', 'a.test', 'https'),
      undefined,
      'http',
    ],
    [
      'need no chain where the peer is known',
      '10.0.0.0/8',
      '10.0.0.1',
      forwarded('', 'a.test', 'HTTPS'),
      'a.test',
      'https',
    ],
    [
      'are not those a client has prepended',
      '10.0.0.0/8',
      '10.0.0.1',
      forwarded(client, 'evil.test, a.test', 'https, http'),
      'a.test',
      'http',
    ],
    [
      'are those of the outermost proxy',
      '10.0.0.0/8',
      '10.0.0.1',
      forwarded(`${client}, 10.0.0.2`, 'evil.test, a.test, in.test', 'gopher, https, http'),
      'a.test',
      'https',
    ],
    [
      'are those that the last proxy has written anew',
      '10.0.0.0/8',
      '10.0.0.1',
      forwarded(`${client}, 10.0.0.2`, 'a.test', 'https'),
      'a.test',
      'https',
    ],
    [
      'are the own ones where the scheme is another',
      '10.0.0.0/8',
      '10.0.0.1',
      forwarded(client, 'a.test', 'ftp'),
      'a.test',
      'http',
    ],
    [
      'are the own ones where the host is none',
      '10.0.0.0/8',
      '10.0.0.1',
      forwarded(client, 'a.test/evil', 'https'),
      undefined,
      'https',
    ],
    [
      'do not take user information for a host',
      '10.0.0.0/8',
      '10.0.0.1',
      forwarded(client, 'a@evil.test', 'https'),
      undefined,
      'https',
    ],
    [
      'hop-count trust spoofing: not from a chain that is too short',
      2,
      client,
      forwarded('1.1.1.1', 'evil.test', 'https'),
      undefined,
      'http',
    ],
    [
      'with a count, are those of the outermost proxy',
      2,
      '10.0.0.1',
      forwarded(`9.9.9.9, ${client}, 10.0.0.2`, 'evil.test, a.test, in.test', 'http'),
      'a.test',
      'http',
    ],
  ] as const) {
    test(name, () => {
      const origin = originOf(option, peer, headers)
      assert.deepEqual([origin.host, origin.protocol], [host, protocol])
    })
  }

  for (const [element, host, protocol] of [
    [`for=${client};host=a.test;proto=https`, 'a.test', 'https'],
    [`host=evil.test;proto=https, for=${client}`, undefined, 'http'],
    ['for=unknown;host=a.test;proto=https', 'a.test', 'https'],
    [`for=${client};host="a.test, evil";proto=https`, undefined, 'https'],
    [`for=${client};host=a.test;proto=https, for=10.0.0.2;proto=http;host=in.test`, 'a.test', 'https'],
  ] as const) {
    test(`by Forwarded: ${element}`, () => {
      const origin = originOf({ from: '10.0.0.0/8', header: 'forwarded' }, '10.0.0.1', { forwarded: element })
      assert.deepEqual([origin.host, origin.protocol], [host, protocol])
    })
  }
})

describe('the address of the peer', () => {
  for (const [given, address] of [
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::ffff:7f00:1', '127.0.0.1'],
    ['0000:0000:0000:0000:0000:ffff:7f00:0001', '127.0.0.1'],
    ['2001:0DB8::0001', '2001:db8::1'],
    ['', ''],
  ] as const) {
    test(`is in its one spelling: ${given}`, () => assert.equal(peerAddressOf(sourceOf(given)), address))
  }
})
