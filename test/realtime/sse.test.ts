import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SseChannel, sse } from '../../src/index.js'
import { encodeEvent } from '../../src/realtime/sse-event.js'

const call = (options: unknown): unknown => sse(() => {}, options as object)

describe('events', () => {
  for (const [given, message] of [
    [{ event: 'a\rb' }, /the event of a server-sent event got "a\\rb"/],
    [{ event: 7 }, /the event of a server-sent event got 7, and takes a text/],
    [{ id: 'a\0' }, /the id of a server-sent event/],
    [{ id: 'a\nb' }, /the id of a server-sent event/],
    [{ retry: 1.5 }, /the retry of a server-sent event got 1.5/],
    [{ retry: -1 }, /the retry of a server-sent event got -1/],
    [{ name: 'a' }, /the fields of a server-sent event got "name", and takes data, event, id, retry/],
    [7, /the value of a server-sent event got 7/],
    [null, /the value of a server-sent event got null/],
  ] as const) {
    test(`${JSON.stringify(given)} is refused`, () => {
      assert.throws(() => encodeEvent(given as never), { code: 'EVENT_INVALID', message })
    })
  }

  test('what has no JSON form is null', () => {
    assert.equal(encodeEvent({ data: () => 0 }), 'data: null\n\n')
    assert.equal(encodeEvent({ data: undefined }), '\n')
    assert.equal(encodeEvent(''), 'data: \n\n')
  })
})

describe('the options of sse()', () => {
  for (const [option, value] of [
    ['heartbeat', 0],
    ['heartbeat', true],
    ['heartbeat', '15 parsecs'],
    ['maxBackpressure', 0],
    ['maxBackpressure', '1 pound'],
    ['replay', []],
    ['retry', -1],
  ] as const) {
    test(`${option}: ${JSON.stringify(value)} is refused`, () => {
      assert.throws(() => call({ [option]: value }), {
        code: 'OPTION_INVALID',
        message: new RegExp(`option ${option} `),
      })
    })
  }

  test('those that are none, and a source that is none, are refused', () => {
    assert.throws(() => call({ pulse: 1 }), { code: 'OPTION_UNKNOWN' })
    assert.throws(() => sse('events' as never), { code: 'HANDLER_INVALID' })
    assert.throws(() => new SseChannel({ history: -1 }), { code: 'OPTION_INVALID' })
    assert.throws(() => new SseChannel({ replay: () => [] } as object), { code: 'OPTION_UNKNOWN' })
    assert.throws(() => new SseChannel({ heartbeat: 0 }), { code: 'OPTION_INVALID' })
  })
})

describe('a channel', () => {
  test('refuses what no event can be, with nobody there too', () => {
    const channel = new SseChannel()
    assert.throws(() => channel.publish({ id: '\n' }), { code: 'EVENT_INVALID' })
    assert.equal(channel.publish('a'), 0)
    assert.equal(channel.size, 0)
  })
})
