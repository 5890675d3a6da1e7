import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AnswerBody, AnswerHead, AnswerMalformed, type NodeAnswer } from '../../src/transports/native-node-answer.js'

interface Read {
  readonly answer: NodeAnswer
  readonly rest: string
}

/** Reads a head in pieces of so many bytes. */
function read(text: string, method = 'GET', size = text.length): Read | undefined {
  const bytes = Buffer.from(text, 'latin1')
  const head = new AnswerHead(method)
  for (let at = 0; at < bytes.length; at += size) {
    const taken = head.take(bytes.subarray(at, at + size))
    if (taken !== undefined) {
      return { answer: taken.answer, rest: taken.rest.toString('latin1') + bytes.toString('latin1', at + size) }
    }
  }
  return undefined
}

describe('the head of an answer', () => {
  test('is the same in whatever pieces it comes', () => {
    const text = 'HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\nC:  d\xe9 \r\n\r\nabcdef'
    for (let size = 1; size <= text.length; size++) {
      assert.deepEqual(read(text, 'GET', size), {
        answer: { body: 3, length: 3, lines: 'A: b\r\nC: d\xe9\r\n', status: 200 },
        rest: 'abcdef',
      })
    }
    assert.equal(read(text.slice(0, 50)), undefined)
  })

  test('of a WebSocket is a 200, without what HTTP/1.1 has for it', () => {
    const lines = 'Connection: Upgrade, X-Hop\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\nX-Hop: 1\r\n'
    const text = `HTTP/1.1 101 Switching Protocols\r\n${lines}Sec-WebSocket-Protocol: chat\r\n\r\nframes`
    assert.deepEqual(read(text, 'CONNECT'), {
      answer: { body: 'stream', length: undefined, lines: 'Sec-WebSocket-Protocol: chat\r\n', status: 200 },
      rest: 'frames',
    })
  })

  test('comes after any interim ones', () => {
    const text = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204\r\n\r\n'
    for (const size of [1, 7, 1000]) {
      assert.deepEqual(read(text, 'GET', size)?.answer, { body: 0, length: undefined, lines: '', status: 204 })
    }
  })

  test('says how its body is framed', () => {
    const framing = (lines: string, method = 'GET', status = 200): unknown[] => {
      const { answer } = read(`HTTP/1.1 ${status} X\r\n${lines}\r\n`, method)!
      return [answer.body, answer.length]
    }
    assert.deepEqual(framing(''), ['end', undefined])
    assert.deepEqual(framing('Content-Length: 0\r\n'), [0, 0])
    assert.deepEqual(framing('Transfer-Encoding: Chunked\r\n'), ['chunks', undefined])
    assert.deepEqual(framing('Content-Length: 9\r\n', 'HEAD'), [0, 9])
    assert.deepEqual(framing('Transfer-Encoding: chunked\r\n', 'HEAD'), [0, undefined])
    assert.deepEqual(framing('', 'GET', 304), [0, undefined])
  })

  const malformed: readonly string[] = [
    'HTTP/1.0 200 OK\r\n\r\n',
    'HTTP/1.1 200OK\r\n\r\n',
    'HTTP/1.1 99 X\r\n\r\n',
    'HTTP/1.1 600 X\r\n\r\n',
    'http/1.1 200 OK\r\n\r\n',
    'nonsense\r\n\r\n',
    'HTTP/1.1 200 OK\r\nA\r\n\r\n',
    'HTTP/1.1 200 OK\r\nA : b\r\n\r\n',
    'HTTP/1.1 200 OK\r\n: b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n',
    'HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n',
    'HTTP/1.1 200 OK\r\nA: \0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
    'HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n',
  ]
  for (const text of malformed) {
    test(`is none: ${JSON.stringify(text)}`, () => assert.throws(() => read(text), AnswerMalformed))
  }

  test('changes to nothing but what was asked for, and has an end', () => {
    assert.throws(() => read('HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n', 'CONNECT'), AnswerMalformed)
    assert.throws(() => read('HTTP/1.1 101 X\r\n\r\n', 'CONNECT'), AnswerMalformed)
    assert.throws(() => read(`HTTP/1.1 200 OK\r\nA: ${'b'.repeat(70_000)}`, 'GET', 1000), AnswerMalformed)
  })
})

/** Reads a body in pieces of so many bytes. */
function body(framing: NodeAnswer['body'], text: string, size = text.length): [text: string, isDone: boolean] {
  const reader = new AnswerBody(framing)
  const bytes = Buffer.from(text, 'latin1')
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) parts.push(...reader.take(bytes.subarray(at, at + size)))
  return [Buffer.concat(parts).toString('latin1'), reader.isDone]
}

describe('the body of an answer', () => {
  test('is the same in whatever pieces it comes', () => {
    const chunks = '5\r\nhello\r\n1;a="b"\r\n,\r\n00A \t;x\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n'
    for (let size = 1; size <= chunks.length; size++) {
      assert.deepEqual(body('chunks', chunks, size), ['hello,0123456789', true], `pieces of ${size}`)
      assert.deepEqual(body(11, 'hello world and more', size), ['hello world', true])
      assert.deepEqual(body('end', 'hello', size), ['hello', false])
      assert.deepEqual(body('stream', 'hello', size), ['hello', false])
    }
    assert.deepEqual(body(0, 'x'), ['', true])
    assert.deepEqual(body('chunks', chunks.slice(0, -1)), ['hello,0123456789', false])
    assert.deepEqual(body(5, 'hell'), ['hell', false])
  })

  test('may end where nothing else says how long it is', () => {
    assert.deepEqual(
      (['end', 'stream', 'chunks', 5, 0] as const).map((framing) => new AnswerBody(framing).mayEnd),
      [true, true, false, false, true],
    )
  })

  for (const text of ['x\r\n', '\r\n', '5\r\nhello!\r\n', '-1\r\n', '0x5\r\n', ' 5\r\n', `${'1'.repeat(13)}\r\n`]) {
    test(`is none of chunks: ${JSON.stringify(text)}`, () => {
      for (const size of [1, text.length]) assert.throws(() => body('chunks', text, size), AnswerMalformed)
    })
  }

  test('has lines and trailers that end', () => {
    assert.throws(() => body('chunks', `5;${'a'.repeat(70_000)}`, 5000), AnswerMalformed)
    assert.throws(() => body('chunks', `0\r\n${'a: b\r\n'.repeat(20_000)}`, 5000), AnswerMalformed)
  })
})
