import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stream } from '../../../src/index.js'
import { onEveryTransport } from '../../_setup.js'
import { assertConnection, assertProblem, type Deferred, deferred, soon } from './_tools.js'

interface Seen {
  readonly late: Deferred<void>
  readonly reason: Deferred<unknown>
  readonly released: Deferred<void>
}

/** Answers that take longer than `requestTimeout`. */
export function timeoutsContract(): void {
  let seen: Seen

  onEveryTransport(
    'an answer that takes too long',
    (app) => {
      const mine: Seen = { late: deferred(), reason: deferred(), released: deferred() }
      seen = mine
      app.get('/late', async (req) => {
        await new Promise<void>((resolve) => req.signal.addEventListener('abort', () => resolve()))
        mine.reason.resolve(req.signal.reason)
        mine.late.resolve()
        return 'ignored'
      })
      app.get('/late/fails', async (req) => {
        await new Promise<void>((resolve) => req.signal.addEventListener('abort', () => resolve()))
        throw new Error('ignored')
      })
      app.get('/late/stream', async (req) => {
        await new Promise<void>((resolve) => req.signal.addEventListener('abort', () => resolve()))
        const iterator: AsyncIterator<string> = {
          next: () => Promise.reject(new Error('nobody reads this')),
          async return() {
            mine.released.resolve()
            return { done: true, value: undefined }
          },
        }
        return stream({ [Symbol.asyncIterator]: () => iterator })
      })
      app.get('/never', () => new Promise<never>(() => {}))
      app.get('/asked-later', async (req) => {
        await mine.late.promise
        return String(req.signal.aborted)
      })
      app.get('/in-time', async () => soon('in time'))
      app.get('/slow-stream', () =>
        stream(
          (async function* () {
            yield 'slow '
            await new Promise((resolve) => setTimeout(resolve, 150))
            yield 'stream'
          })(),
        ),
      )
    },
    (client) => {
      const { late, reason, released } = seen

      for (const path of ['/late', '/late/fails', '/late/stream', '/never']) {
        test(`is a 503 that closes, and what comes after it is let go: ${path}`, { timeout: 3000 }, async () => {
          const response = await client.fetch(path)
          assertConnection(client, response, 'close')
          assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
          await assertProblem(response, 503, { code: 'REQUEST_TIMEOUT', title: 'Service Unavailable' })
        })
      }

      test('aborts the signal of its request, with the reason', { timeout: 3000 }, async () => {
        await late.promise
        assert.equal(((await reason.promise) as { code: string }).code, 'REQUEST_TIMEOUT')
        await released.promise
      })

      test('is none where the answer comes in time, and the signal stays as it is', async () => {
        assert.equal(await (await client.fetch('/in-time')).text(), 'in time')
        assert.equal(await (await client.fetch('/asked-later')).text(), 'false')
      })

      test('is none where it has begun in time', async () => {
        assert.equal(await (await client.fetch('/slow-stream')).text(), 'slow stream')
      })
    },
    { requestTimeout: 80 },
    'beside each other',
  )
}
