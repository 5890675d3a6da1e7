import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { headOf, type StreamRequest } from '../../src/transports/native-connect.js'

const request: StreamRequest = {
  bodySize: 0,
  headers: ['host', 'example.com', 'accept', '*/*'],
  method: 'GET',
  path: '/a',
  query: '',
}
const connect: StreamRequest = {
  ...request,
  headers: [':protocol', 'websocket', 'host', 'example.com:8443', 'sec-websocket-version', '13', 'origin', 'null'],
  method: 'CONNECT',
  path: '/chat',
  query: 'a=b&c',
}

describe('a request of HTTP/2 in HTTP/1.1', () => {
  test('is good for itself alone', () => {
    assert.equal(
      headOf({ ...request, query: 'b=c' }),
      'GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\naccept: */*\r\n\r\n',
    )
    assert.equal(
      headOf({ ...request, method: 'OPTIONS', path: '*' }),
      'OPTIONS * HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\naccept: */*\r\n\r\n',
    )
  })

  test('has its body framed anew', () => {
    const headers = ['host', 'h', 'content-length', '7', 'expect', '100-continue', 'te', 'trailers']
    assert.equal(
      headOf({ ...request, bodySize: 7, headers, method: 'POST' }),
      'POST /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 7\r\n\r\n',
    )
    assert.equal(
      headOf({ ...request, bodySize: -1, headers, method: 'POST' }),
      'POST /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n',
    )
  })

  test('is an upgrade where it is an extended CONNECT', () => {
    const head = headOf(connect)
    assert.ok(typeof head === 'string')
    const [first, , , , key, ...others] = head.split('\r\n')
    assert.equal(first, 'GET /chat?a=b&c HTTP/1.1')
    assert.ok(head.includes('\r\nHost: example.com:8443\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'))
    assert.match(key!, /^Sec-WebSocket-Key: [0-9A-Za-z+/]{22}==$/)
    assert.deepEqual(others, ['sec-websocket-version: 13', 'origin: null', '', ''])
    assert.notEqual(headOf(connect), head)
  })

  test('has no key that a client made up, and no header of a connection', () => {
    const own = [
      'sec-websocket-key',
      'AAAAAAAAAAAAAAAAAAAAAA==',
      'connection',
      'x',
      'upgrade',
      'h2c',
      'keep-alive',
      '1',
    ]
    const head = headOf({ ...connect, headers: [...connect.headers, ...own] })
    assert.ok(typeof head === 'string')
    assert.equal(head.match(/sec-websocket-key/gi)?.length, 1)
    assert.equal(head.match(/connection:/gi)?.length, 1)
    assert.equal(head.match(/upgrade:/gi)?.length, 1)
    assert.ok(!head.includes('AAAA') && !head.includes('keep-alive'))
  })

  const refused: readonly (readonly [what: string, change: Partial<StreamRequest>])[] = [
    ['a value with a line end', { headers: ['host', 'h', 'a', 'b\r\nc: d'] }],
    ['a value with a line feed', { headers: ['host', 'h', 'a', 'b\nc: d'] }],
    ['a value with a zero', { headers: ['host', 'h', 'a', 'b\0'] }],
    ['a value of no byte', { headers: ['host', 'h', 'a', '\u{100}'] }],
    ['a name that is no token', { headers: ['host', 'h', 'a b', 'c'] }],
    ['a name with a colon', { headers: ['host', 'h', 'a:b', 'c'] }],
    ['a pseudo-header of no CONNECT', { headers: ['host', 'h', ':protocol', 'websocket'] }],
    ['another pseudo-header', { headers: ['host', 'h', ':scheme', 'https'] }],
    ['no host', { headers: ['a', 'b'] }],
    ['two hosts', { headers: ['host', 'h', 'host', 'h'] }],
    ['a host with a space', { headers: ['host', 'h h'] }],
    ['a host with a user', { headers: ['host', 'u@h'] }],
    ['an empty host', { headers: ['host', ''] }],
    ['a path with a space', { path: '/a HTTP/1.1' }],
    ['a path with a line end', { path: '/a\r\nb: c' }],
    ['a path that is none', { path: 'a' }],
    ['a query with a fragment', { query: 'a#b' }],
    ['a query with a space', { query: 'a b' }],
    ['a method that is no token', { method: 'GET /b' }],
  ]
  for (const [what, change] of refused) {
    test(`is refused with ${what}`, () => assert.equal(headOf({ ...request, ...change }), 400))
  }

  test('is refused with two protocols, and for another', () => {
    assert.equal(headOf({ ...connect, headers: [':protocol', 'websocket', ...connect.headers] }), 400)
    assert.equal(headOf({ ...connect, headers: [':protocol', 'connect-udp', 'host', 'h'] }), 501)
    assert.equal(headOf({ ...connect, headers: ['host', 'h'] }), 501)
  })
})
