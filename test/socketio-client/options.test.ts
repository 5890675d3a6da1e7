import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import type { HotpressError } from '../../src/index.js'
import { connect, connectTo, type SocketIoClientOptions } from '../../src/socketio-client/index.js'
import { settleClient } from '../../src/socketio-client/options.js'
import { fixture } from '../_certificates.js'
import { says } from '../_says.js'

const url = 'http://127.0.0.1:1'
const secret = 'swordfish'

/** Refused before anything is tried, and without a word of what may be secret. */
async function refuses(calling: Promise<unknown>, ...texts: readonly string[]): Promise<void> {
  await assert.rejects(calling, (error: HotpressError) => {
    assert.doesNotMatch(inspect(error), new RegExp(secret))
    return says('OPTION_INVALID', ...texts)(error)
  })
}

describe('the URL of connect()', { timeout: 120_000 }, () => {
  const cases: readonly (readonly [url: unknown, got: string])[] = [
    [undefined, 'undefined'],
    [3000, '3000'],
    ['127.0.0.1:3000', 'no URL'],
    [secret, 'no URL'],
    [`ftp://${secret}`, 'the scheme ftp:'],
    ['localhost:3000', 'the scheme localhost:'],
    [`http://me:${secret}@localhost`, 'a user name or a password'],
    [`http://localhost/${secret}`, 'a path'],
    [`http://localhost?token=${secret}`, 'a query or a fragment'],
    [new URL('file:///x'), 'the scheme file:'],
  ]
  for (const [given, got] of cases) {
    test(`is not ${String(given).replace(secret, '…')}`, () =>
      refuses(
        connect(given as string),
        'the option url of connect() got',
        got,
        'the origin of an http, https, ws or wss',
      ))
  }
})

describe('the namespace of connectTo()', { timeout: 120_000 }, () => {
  for (const namespace of ['', 'admin', '/a,b', '/a?b', 7, undefined]) {
    test(`is not ${inspect(namespace)}`, () =>
      refuses(connectTo(url, namespace as string), 'namespace of connectTo()', "a text such as '/admin'"))
  }
})

describe('the options of connect()', { timeout: 120_000 }, () => {
  const wrong: Readonly<Record<keyof SocketIoClientOptions, readonly unknown[]>> = {
    ackTimeout: [0, -1, '5', null],
    agent: [true, {}, secret],
    ca: [secret, '/etc/ca.pem', 7, [secret], []],
    cert: [secret, 7, fixture('client.pem')],
    extraHeaders: [secret, [], { 'a b': secret }, { a: `${secret}\n` }, { a: 7 }],
    key: [secret, 7, fixture('client-key.pem')],
    multiplex: [1],
    parser: [{}, 'x'],
    passphrase: ['', 7],
    path: ['socket.io', '/a?b', 7],
    query: [secret, { a: 7 }],
    reconnection: ['no'],
    reconnectionAttempts: [0, -1, Number.POSITIVE_INFINITY],
    reconnectionDelay: [0, 'soon'],
    reconnectionDelayMax: [0, 'late'],
    signal: [{}],
    timeout: [0, false],
    transports: [[], 'websocket', ['webtransport']],
  }
  for (const [option, values] of Object.entries(wrong)) {
    for (const value of values) {
      test(`${option} is not ${inspect(value).slice(0, 40).replace(secret, '…')}`, () => {
        const named =
          ['cert', 'key'].includes(option) && String(value).startsWith('-----') ? '' : `${option} of connect()`
        return refuses(connect(url, { [option]: value }), named)
      })
    }
  }

  test('are known by name', async () => {
    await assert.rejects(
      connect(url, { auth: { token: secret } } as object),
      says('OPTION_UNKNOWN', 'no option auth of connect()', 'ackTimeout, agent, ca'),
    )
    await assert.rejects(connect(url, null as unknown as object), says('OPTION_INVALID', 'options of connect()'))
  })

  test('have these defaults', () => {
    const { connection, ofCall } = settleClient({}, 'connect()')
    assert.deepEqual(connection, { autoConnect: false, timeout: 20_000, transports: ['websocket'] })
    assert.deepEqual(ofCall, { ackTimeout: 30_000, multiplex: true, signal: undefined })
  })

  test('are settled', () => {
    const agent = new Agent()
    const given: SocketIoClientOptions = {
      agent,
      ca: Buffer.from(fixture('ca.pem')),
      reconnectionDelay: '2s',
      reconnectionDelayMax: '1m',
    }
    const { connection } = settleClient(given, 'connect()')
    assert.deepEqual(connection.ca, [fixture('ca.pem')])
    assert.equal(connection.agent, agent)
    assert.deepEqual([connection.reconnectionDelay, connection.reconnectionDelayMax], [2000, 60_000])
  })
})
