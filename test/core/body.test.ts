import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RequestBody } from '../../src/core/body.js'
import type { BodyFlow } from '../../src/core/body-flow.js'

/** A transport that notes what it is asked for. */
class Flow implements BodyFlow {
  readonly asked: string[] = []
  readonly bodySize: number

  constructor(bodySize = -1) {
    this.bodySize = bodySize
  }

  pauseBody(): void {
    this.asked.push('pause')
  }

  receiveBody(): void {
    this.asked.push('receive')
  }

  resumeBody(): void {
    this.asked.push('resume')
  }
}

const rules = { decodes: false, limit: 100, threshold: 10 }
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const textOf = ({ text }: RequestBody): string => text
const bytesOf = (body: RequestBody): Uint8Array => body.bytes

describe('RequestBody', () => {
  test('holds the sender at the threshold, until somebody reads', async () => {
    const flow = new Flow()
    const body = new RequestBody(flow, rules)
    body.add(bytes('123456789'), false)
    assert.deepEqual(flow.asked, [])
    body.add(bytes('0'), false)
    assert.deepEqual(flow.asked, ['pause'])
    const whole = body.read(textOf)
    assert.deepEqual(flow.asked, ['pause', 'receive', 'resume'])
    body.add(bytes('a'.repeat(20)), false)
    body.end(bytes('z'))
    assert.equal(await whole, `1234567890${'a'.repeat(20)}z`)
    assert.deepEqual(flow.asked, ['pause', 'receive', 'resume'])
  })

  test('holds the sender of a stream between its water marks', async () => {
    const flow = new Flow()
    const body = new RequestBody(flow, rules)
    const parts = body.stream()
    body.add(bytes('123456'), false)
    body.add(bytes('7890'), false)
    assert.deepEqual(flow.asked, ['receive', 'pause'])
    await parts.next()
    assert.deepEqual(flow.asked, ['receive', 'pause', 'resume'])
    await parts.next()
    const next = parts.next()
    body.add(bytes('more than the high-water mark'), false)
    assert.equal((await next).value.byteLength, 29)
    assert.deepEqual(flow.asked, ['receive', 'pause', 'resume'])
    body.end()
    assert.equal((await parts.next()).done, true)
  })

  test('holds the sender of a stream that was left, and lets it go when it is released', async () => {
    const flow = new Flow()
    const body = new RequestBody(flow, rules)
    const parts = body.stream()
    await parts.return?.()
    body.add(bytes('x'), false)
    assert.deepEqual(flow.asked, ['receive', 'pause'])
    body.release()
    assert.deepEqual(flow.asked, ['receive', 'pause', 'resume'])
    assert.equal((await parts.next()).done, true)
  })

  test('never leaves a sender held that has sent all', () => {
    const flow = new Flow()
    const body = new RequestBody(flow, rules)
    body.add(bytes('12345678901'), false)
    body.end()
    assert.deepEqual(flow.asked, ['pause', 'resume'])
  })

  for (const size of [-1, 6]) {
    test(`owns what it was lent, of ${size < 0 ? 'no known length' : 'a known length'}`, async () => {
      const body = new RequestBody(new Flow(size), rules)
      const lent = [bytes('abc'), bytes('def')]
      body.add(lent[0]!, true)
      body.end(lent[1]!, true)
      for (const each of lent) each.fill(0)
      assert.equal(await body.read(textOf), 'abcdef')
      assert.equal(Buffer.from(await body.read(bytesOf)).toString(), 'abcdef')
    })
  }

  test('takes text from what it was lent whole, and has the bytes all the same', async () => {
    for (const content of ['\ufeffgrüße', 'plain', '']) {
      const body = new RequestBody(new Flow(), rules)
      const read = body.read(textOf)
      const lent = bytes(content)
      body.end(lent, true)
      lent.fill(0)
      assert.equal(await read, content.replace('\ufeff', ''))
      assert.equal(Buffer.from(await body.read(bytesOf)).toString(), content)
      assert.equal(await body.read(textOf), content.replace('\ufeff', ''))
    }
    const body = new RequestBody(new Flow(), rules)
    const read = Promise.all([body.read(textOf), body.read(bytesOf), body.read(textOf)])
    const lent = Uint8Array.of(0x61, 0xff)
    body.end(lent, true)
    lent.fill(0)
    assert.deepEqual(
      await read,
      ['a\ufffd', Uint8Array.of(0x61, 0xff), 'a\ufffd'].map((each) =>
        typeof each === 'string' ? each : Buffer.from(each),
      ),
    )
  })

  test('tells its limit, whoever reads, and forgets what it had', async () => {
    const body = new RequestBody(new Flow(), rules)
    const read = body.read(bytesOf)
    assert.equal(body.add(bytes('x'.repeat(60)), false), true)
    assert.equal(body.add(bytes('x'.repeat(60)), false), false)
    assert.equal(body.isOverLimit, true)
    await assert.rejects(read, { code: 'BODY_TOO_LARGE', extensions: { limit: 100 } })
    await assert.rejects(body.read(bytesOf), { code: 'BODY_TOO_LARGE' })
    await assert.rejects(body.stream().next(), { code: 'BODY_TOO_LARGE' })
    assert.equal(body.end(), false)
  })

  test('takes none that is announced over its limit', async () => {
    const body = new RequestBody(new Flow(101), rules)
    await assert.rejects(body.read(bytesOf), { code: 'BODY_TOO_LARGE' })
    assert.equal(body.isRead, false)
  })

  test('gives the error of a reader to that reader alone', async () => {
    const body = new RequestBody(new Flow(), rules)
    const wrong = body.read(() => {
      throw new TypeError('no')
    })
    const right = body.read(textOf)
    body.end(bytes('x'))
    await assert.rejects(wrong, TypeError)
    assert.equal(await right, 'x')
  })

  test('fails once, and not after its end', async () => {
    const body = new RequestBody(new Flow(), rules)
    body.end(bytes('x'))
    body.fail(new Error('late'))
    assert.equal(await body.read(textOf), 'x')
    const other = new RequestBody(new Flow(), rules)
    const parts = other.stream()
    const next = parts.next()
    other.fail(new Error('first'))
    other.fail(new Error('second'))
    await assert.rejects(next, /first/)
    await assert.rejects(parts.next(), /first/)
  })
})
