import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FromRight, forwardedHop, nodeAddress } from '../../src/core/forwarded.js'

function all(text: string | undefined): string[] {
  const members = new FromRight(text)
  const found: string[] = []
  for (let member = members.next(); member !== undefined; member = members.next()) found.push(member)
  return found
}

describe('FromRight', () => {
  for (const [text, members] of [
    [undefined, []],
    ['', []],
    [' \t', []],
    [',', []],
    [',,a', ['a']],
    [',a', ['a']],
    ['a,', ['a']],
    ['a', ['a']],
    ['a, b ,\tc', ['c', 'b', 'a']],
    ['for="a,b", for=c', ['for=c', 'for="a,b"']],
    ['x="\\"", y="a\\\\"', ['y="a\\\\"', 'x="\\""']],
    ['x="a\\", y=", z', ['z', 'x="a\\", y="']],
    // What a client has left open at the left does not reach what proxies have appended.
    ['for=", for=1.2.3.4;host="h"', ['for=1.2.3.4;host="h"', 'for="']],
    ['for="x, for=1.2.3.4', ['for=1.2.3.4', 'for="x']],
    ['a"b', ['a"b']],
    ['\xa0a', ['\xa0a']],
  ] as const) {
    test(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(all(text), members))
  }

  test('takes time in proportion to its length', () => {
    const begin = performance.now()
    for (const part of ['"', '\\"', '\\', ',', '",', '"a" ']) all(part.repeat(1_000_000 / part.length))
    // Each is a matter of milliseconds; what is quadratic would take minutes.
    assert.ok(performance.now() - begin < 20_000)
  })
})

describe('nodeAddress()', () => {
  for (const [node, address] of [
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:80', '192.0.2.1'],
    ['192.0.2.1:_port', '192.0.2.1'],
    ['"192.0.2.1"', '192.0.2.1'],
    ['"192.0.2.1:8080"', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:FFFF:C000:0201', '192.0.2.1'],
    ['2001:DB8:0::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['"[2001:db8::1]:_x"', '2001:db8::1'],
    ['[::ffff:192.0.2.1]:1', '192.0.2.1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['', undefined],
    ['unknown', undefined],
    ['UNKNOWN', undefined],
    ['_hidden', undefined],
    ['"_hidden:80"', undefined],
    ['unix:', undefined],
    ['localhost', undefined],
    ['192.0.2', undefined],
    ['192.0.2.256', undefined],
    ['192.0.2.01', undefined],
    ['0xc0.0.2.1', undefined],
    ['3221225985', undefined],
    ['192.0.2.1:', undefined],
    ['192.0.2.1:123456', undefined],
    ['192.0.2.1:80:80', undefined],
    ['192.0.2.1 ', undefined],
    ['192.0.2.1, 1.1.1.1', undefined],
    ['[192.0.2.1]', undefined],
    ['[2001:db8::1', undefined],
    ['2001:db8::1]', undefined],
    ['[2001:db8::1]80', undefined],
    ['[2001:db8::1%eth0]', undefined],
    ['"192.0.2.1', undefined],
    ['"192.0.2.\\1"', undefined],
    ['192.0.2.1\n', undefined],
  ] as const) {
    test(JSON.stringify(node), () => assert.equal(nodeAddress(node), address))
  }
})

describe('forwardedHop()', () => {
  const hop = (address?: string, host?: string, protocol?: string): object => ({ address, host, protocol })
  for (const [element, told] of [
    ['for=192.0.2.1', hop('192.0.2.1')],
    ['For=192.0.2.1;PROTO=https;hOst=a.test;by=_me', hop('192.0.2.1', 'a.test', 'https')],
    ['for="[2001:db8::1]:80";host="a.test:8080"', hop('2001:db8::1', 'a.test:8080')],
    ['host="a\\.test"', hop(undefined, 'a.test')],
    ['proto=https', hop(undefined, undefined, 'https')],
    ['for=unknown;proto=https', hop(undefined, undefined, 'https')],
    [' for=192.0.2.1 ; proto=http ', hop('192.0.2.1', undefined, 'http')],
    [';;for=192.0.2.1;', hop('192.0.2.1')],
    ['for=192.0.2.1;new=x', hop('192.0.2.1')],
    // Malformed in a part: nothing is told.
    ['for=192.0.2.1;for=192.0.2.2', hop()],
    ['for=192.0.2.1;FOR=192.0.2.1', hop()],
    ['for=192.0.2.1;proto', hop()],
    ['for=192.0.2.1;proto=', hop()],
    ['for=[2001:db8::1]', hop()],
    ['for=192.0.2.1:80', hop()],
    ['for="192.0.2.1', hop()],
    ['for="192.0.2.1"x', hop()],
    ['for=192.0.2.1 proto=https', hop()],
    ['for =192.0.2.1', hop()],
    ['192.0.2.1', hop()],
    ['constructor=x;__proto__=y', hop()],
  ] as const) {
    test(element, () => assert.deepEqual(forwardedHop(element), told))
  }
})
