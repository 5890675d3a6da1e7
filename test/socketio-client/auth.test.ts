import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import type { HotpressError } from '../../src/index.js'
import { connectToWithAuth, connectWithAuth } from '../../src/socketio-client/index.js'
import { says } from '../_says.js'
import { loseAll, type Running, serveSocketIo } from './_server.js'

const soon = { reconnectionDelay: 10, reconnectionDelayMax: 20 }

/** A server that lets in whoever has a token, each token once. */
async function serveTokens(): Promise<Running & { readonly seen: unknown[] }> {
  const seen: unknown[] = []
  const running = await serveSocketIo((io) => {
    for (const namespace of [io, io.of('/admin')]) {
      namespace.use((socket, next) => {
        const { token } = socket.handshake.auth
        const isNew = typeof token === 'string' && !seen.includes(token)
        seen.push(token)
        next(isNew ? undefined : new Error('a new token is wanted'))
      })
    }
  })
  return { ...running, seen }
}

describe('connectWithAuth()', { timeout: 120_000 }, () => {
  test('sends an object', async () => {
    const { seen, url } = await serveTokens()
    ;(await connectWithAuth(url, { token: 'a' })).close()
    ;(await connectToWithAuth(url, '/admin', { token: 'b' })).close()
    assert.deepEqual(seen, ['a', 'b'])
    await assert.rejects(connectWithAuth(url, { token: 'a' }), (error: HotpressError) => {
      assert.ok(says('SOCKETIO_REFUSED', 'a new token is wanted')(error))
      return true
    })
  })

  for (const [kind, make] of [
    ['at once', (token: string) => ({ token })],
    ['later', async (token: string) => ({ token })],
  ] as const) {
    test(`asks a function that gives one ${kind} at each connection`, async () => {
      const { io, seen, url } = await serveTokens()
      let asked = 0
      const socket = await connectWithAuth(url, () => make(`t${++asked}`), soon)
      const again = new Promise((resolve) => socket.once('connect', () => resolve(undefined)))
      loseAll(io)
      await again
      assert.deepEqual(seen, ['t1', 't2'])
      socket.close()
    })
  }

  test('is rejected with what the function throws', async () => {
    const { seen, url } = await serveTokens()
    const error = new Error('no token to be had')
    const throwing = (): never => {
      throw error
    }
    await assert.rejects(connectWithAuth(url, throwing), error)
    await assert.rejects(
      connectWithAuth(url, () => Promise.reject(error)),
      error,
    )
    assert.deepEqual(seen, [])
  })

  test('takes nothing but objects, and shows none', async () => {
    const { url } = await serveTokens()
    const cases: readonly (readonly [auth: unknown, ...parts: string[]])[] = [
      ['secret', 'auth of connectWithAuth()', 'a text', 'an object'],
      [['secret'], 'auth of connectWithAuth()', 'an array'],
      [undefined, 'auth of connectWithAuth()', 'undefined'],
      [() => 'secret', 'what auth of connectWithAuth() gave', 'a text'],
      [async () => null, 'what auth of connectWithAuth() gave', 'null'],
    ]
    for (const [auth, ...parts] of cases) {
      await assert.rejects(connectWithAuth(url, auth as object), (error: HotpressError) => {
        assert.ok(says('OPTION_INVALID', ...parts)(error))
        assert.doesNotMatch(inspect(error), /"secret"/)
        return true
      })
    }
  })

  test('tells listeners of a function that fails later, and asks it again', async () => {
    const { io, url } = await serveTokens()
    let asked = 0
    const auth = async (): Promise<object> => {
      asked++
      if (asked === 2) throw new Error('the issuer is away')
      return { token: `t${asked}` }
    }
    const socket = await connectWithAuth(url, auth, soon)
    const told: string[] = []
    socket.on('connect_error', ({ message }) => told.push(message))
    const again = new Promise((resolve) => socket.once('connect', () => resolve(undefined)))
    loseAll(io)
    await again
    assert.deepEqual([asked, told], [3, ['the issuer is away']])
    socket.close()
  })

  test('what a function gives for a connection that was lost meanwhile is not sent on the next', async () => {
    const { io, seen, url } = await serveTokens()
    const waiting: ((auth: object) => void)[] = []
    let isFirst = true
    const auth = (): object | Promise<object> => {
      if (!isFirst) return new Promise<object>((resolve) => waiting.push(resolve))
      isFirst = false
      return { token: 't1' }
    }
    const socket = await connectWithAuth(url, auth, soon)
    for (const asked of [1, 2]) {
      loseAll(io)
      while (waiting.length < asked) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const again = new Promise((resolve) => socket.once('connect', () => resolve(undefined)))
    waiting[0]?.({ token: 'late' })
    await new Promise((resolve) => setImmediate(resolve))
    waiting[1]?.({ token: 't3' })
    await again
    assert.deepEqual(seen, ['t1', 't3'])
    socket.close()
  })
})
