import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { Random, visit } from './_random.js'
import { ChildServer } from './_server.js'

const memory = 64 * 1024 ** 2

/** Random clients of a native server for so many seconds; afterwards nothing of them is left. */
export async function run(context: TestContext, seconds: number, protocol: 'http' | 'https' = 'http'): Promise<void> {
  const seed = Number(process.env.HOTPRESS_TEST_SEED ?? Date.now() % 2 ** 31)
  context.diagnostic(`seed ${seed}`)
  const server = await ChildServer.start('native', undefined, protocol)
  try {
    const first = await server.settled(({ descriptors }) => descriptors > 0)
    const halfway = async (): Promise<void> => {
      const end = performance.now() + (seconds * 1000) / 2
      await Promise.all(
        Array.from({ length: 40 }, async (_, lane) => {
          const random = new Random(seed + lane + visits)
          while (performance.now() < end) {
            const problem = await visit(server.port, random, protocol)
            visits++
            assert.equal(server.end, undefined, `seed ${seed}`)
            assert.equal(problem, undefined, `seed ${seed}, visit ${visits}`)
          }
        }),
      )
    }
    let visits = 0
    await halfway()
    const isOver = ({ arrayBuffers, descriptors }: { arrayBuffers: number; descriptors: number }): boolean =>
      descriptors <= first.descriptors && arrayBuffers < memory
    const half = await server.settled(isOver, 8000)
    await halfway()
    const last = await server.settled(isOver, 8000)
    const mb = [first, half, last].map(({ rss }) => Math.round(rss / 1024 ** 2)).join(', ')
    context.diagnostic(`${visits} connections, resident ${mb} MB`)
    assert.ok(last.descriptors <= first.descriptors, `${last.descriptors} descriptors, ${first.descriptors} before`)
    assert.ok(last.heapUsed - first.heapUsed < memory, `${last.heapUsed} bytes of heap, ${first.heapUsed} before`)
    assert.ok(last.arrayBuffers - first.arrayBuffers < memory, `${last.arrayBuffers} bytes of buffers`)
    // AddressSanitizer keeps what was freed for a while.
    if (process.env.HOTPRESS_TEST_ASAN === '1') return
    assert.ok(last.rss - half.rss < memory, `${last.rss} bytes resident, ${half.rss} half way`)
    assert.ok((await server.close()) < 2000, 'close() had to wait for the end of the drain')
  } finally {
    server.kill()
  }
}
