import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readProxyHeader } from '../../src/transports/proxy-header.js'
import { malformed, sound } from './_proxy-headers.js'

describe('readProxyHeader()', () => {
  for (const [name, header, address] of sound) {
    test(`reads ${name}, once it is whole`, () => {
      for (let end = 0; end < header.length; end++) {
        assert.equal(readProxyHeader(header.subarray(0, end)), undefined, `up to ${end}`)
      }
      const wanted = { address, length: header.length }
      assert.deepEqual(readProxyHeader(header), wanted)
      assert.deepEqual(readProxyHeader(Buffer.concat([header, Buffer.from('GET / HTTP/1.1\r\n')])), wanted)
    })
  }

  for (const header of malformed) {
    test(`refuses ${JSON.stringify(header.toString('latin1', 0, 50))}`, () => {
      assert.equal(readProxyHeader(header), 'malformed')
      // However it is split: from where it is refused on, it stays so.
      let isRefused = false
      for (let end = 0; end <= Math.min(header.length, 300); end++) {
        const outcome = readProxyHeader(header.subarray(0, end))
        assert.ok(outcome === 'malformed' || (outcome === undefined && !isRefused), `up to ${end}`)
        isRefused = outcome === 'malformed'
      }
    })
  }
})
