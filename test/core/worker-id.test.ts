import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readId, workerId } from '../../src/core/worker-id.js'

describe('the id of a worker', () => {
  test('is that of its environment, where its parent has set it', () => {
    const env = { HOTPRESS_SUPERVISOR_PID: '100', HOTPRESS_WORKER_ID: '3' }
    assert.equal(readId(env, 100), 3)
    assert.equal(readId(env, 101), undefined, 'what a worker starts has its environment, and is none')
    assert.equal(readId({ ...env, HOTPRESS_WORKER_ID: '0' }, 100), undefined)
    assert.equal(readId({ ...env, HOTPRESS_WORKER_ID: 'x' }, 100), undefined)
    assert.equal(readId({}, 100), undefined)
    assert.equal(workerId(), undefined)
  })
})
