import assert from 'node:assert/strict'
import type { HotpressError } from '../src/index.js'

/** What an error must say: its code, and texts that its message must hold. */
export function says(code: string, ...texts: readonly string[]): (error: HotpressError) => true {
  return (error) => {
    assert.equal(error.name, 'HotpressError', `${error.stack}`)
    assert.equal(error.code, code, error.message)
    for (const text of texts)
      assert.ok(error.message.includes(text), `${JSON.stringify(text)} is not in: ${error.message}`)
    return true
  }
}
