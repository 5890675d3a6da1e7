import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hotpress } from '../../src/index.js'
import { LoopDelay } from '../../src/lifecycle/loop-delay.js'
import { listeningTransports } from '../_setup.js'
import { recorder } from '../contract/http/_tools.js'

function block(time: number): void {
  const end = performance.now() + time
  while (performance.now() < end);
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1))

/** Calls until it gives true; ten seconds are a failure. */
async function until(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000
  while (!(await done())) assert.ok(performance.now() < end, what)
}

for (const { name, skip } of listeningTransports) {
  test(`beyond maxEventLoopDelay requests are refused, those of health() are not, on ${name}`, { skip }, async () => {
    const log = recorder()
    const app = new Hotpress({ logger: log.logger, maxEventLoopDelay: 20, transport: name })
    app.health()
    app.get('/busy', () => {
      block(60)
      return 'done'
    })
    app.get('/', () => 'ok')
    const { url } = await app.listen()
    let refused: Response | undefined
    await until('it is refused', async () => {
      const [answers, health] = await Promise.all([
        Promise.all(['/busy', '/busy', '/busy', '/', '/'].map((path) => fetch(url + path))),
        fetch(`${url}/healthz`),
      ])
      assert.equal(health.status, 200)
      for (const answer of answers) {
        assert.ok([200, 503].includes(answer.status))
        if (answer.status === 503) refused = answer
        else await answer.text()
      }
      return refused !== undefined
    })
    assert.equal(refused?.headers.get('retry-after'), '1')
    assert.equal(((await refused?.json()) as { code: string }).code, 'OVERLOADED')
    // The event loop is in time when nobody keeps it.
    await until('it is served again', async () => {
      const answer = await fetch(url)
      await answer.text()
      return answer.status === 200
    })
    await app.close()
    const lines = log.entries.flatMap(({ message }) => (message?.startsWith('the event loop') ? [message] : []))
    assert.deepEqual(lines.slice(0, 2), [
      'the event loop is late: requests are refused',
      'the event loop is in time again',
    ])
  })
}

test('a loop that is kept is late, and in time again when it is not', async () => {
  const changes: boolean[] = []
  const loop = new LoopDelay(20, (isOver) => changes.push(isOver))
  assert.equal(loop.isOver, false)
  await until('it is late', async () => {
    loop.touch()
    block(100)
    await turn()
    return loop.isOver
  })
  await until('it is in time', async () => {
    await turn()
    return !loop.isOver
  })
  assert.deepEqual(changes, [true, false])
})
