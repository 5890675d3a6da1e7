import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Hotpress, type RunOptions } from '../../src/index.js'
import { says } from '../_says.js'

interface Entry {
  readonly err?: { readonly message: string; readonly stack: string; readonly type: string }
  readonly level: number
  readonly msg: string
}

interface Ended {
  readonly code: number | null
  readonly entries: readonly Entry[]
  readonly signal: string | null
}

const isPosix = process.platform !== 'win32'

async function run(deed: string, options: RunOptions = {}) {
  const file = fileURLToPath(new URL('./_run-app.js', import.meta.url))
  const child = spawn(process.execPath, [file, deed, JSON.stringify({ idleGrace: 0, ...options })], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  let text = ''
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const entries = (): Entry[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Entry)
  const messages: unknown[] = []
  child.on('message', (message) => messages.push(message))
  const ended: Promise<Ended> = once(child, 'close').then(([code, signal]) => ({ code, entries: entries(), signal }))
  const limit = setTimeout(() => child.kill('SIGKILL'), 25_000)
  void ended.then(() => clearTimeout(limit))
  await once(child, 'message')
  return {
    ended,
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    messages,
    said: async (part: string): Promise<void> => {
      while (!text.includes(part) && child.exitCode === null) await sleep(5)
    },
    told: async (message: string): Promise<void> => {
      while (!messages.includes(message) && child.exitCode === null) await sleep(5)
    },
    url: messages[0] as string,
  }
}

const fatal = ({ entries }: Ended): readonly Entry[] => entries.filter(({ level }) => level === 60)

describe('run()', { skip: !isPosix && 'there are no such signals', timeout: 120_000 }, () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} has requests under way answered, and the process exit with 0`, async () => {
      const { ended, kill, messages, said, told, url } = await run('')
      const answer = fetch(`${url}/later`)
      await told('arrived')
      kill(signal)
      await said(`${signal}: the app closes`)
      const response = await answer
      assert.deepEqual([await response.text(), response.headers.get('connection')], ['later', 'close'])
      const end = await ended
      assert.deepEqual([end.code, end.signal, messages.at(-1)], [0, null, 'closed'])
      assert.ok(
        end.entries.some(({ msg }) =>
          /^closed after \d+ ms: 1 connection, 1 request and 0 WebSockets drained/.test(msg),
        ),
      )
    })
  }

  test('a second signal ends the process at once', async () => {
    for (const [second, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const { ended, kill, messages, said, told, url } = await run('', { drain: '20s' })
      fetch(`${url}/never`).catch(() => {})
      await told('arrived')
      kill('SIGTERM')
      await said('SIGTERM: the app closes')
      // The same signal soon after is taken for the first one, told by two.
      kill('SIGTERM')
      await sleep(300)
      assert.equal(messages.includes('closed'), false)
      kill(second)
      const end = await ended
      assert.deepEqual([end.code, messages.includes('closed')], [code, false])
      assert.ok(end.entries.some(({ msg }) => msg === `${second} again: the process ends at once`))
    }
  })

  test('other signals are taken in the place of these', async () => {
    const { ended, kill } = await run('', { signals: ['SIGUSR2'] })
    kill('SIGUSR2')
    assert.equal((await ended).code, 0)
    const none = await run('', { signals: [] })
    none.kill('SIGTERM')
    assert.equal((await none.ended).signal, 'SIGTERM')
  })

  for (const [path, type, message] of [
    ['/reject', 'Error', 'nobody cares'],
    ['/reject-text', undefined, 'a text'],
    ['/throw', 'TypeError', 'nobody catches'],
  ] as const) {
    test(`what is thrown outside of a request closes the app, and the process exits with 1: ${path}`, async () => {
      const { ended, messages, url } = await run('')
      await fetch(url + path)
      const end = await ended
      assert.deepEqual([end.code, messages.at(-1)], [1, 'closed'])
      const [entry, ...more] = fatal(end)
      assert.equal(more.length, 0)
      if (type !== undefined) assert.equal(entry?.err?.type, type)
      assert.match(entry?.err?.message ?? '', new RegExp(message))
      if (type !== undefined) assert.match(entry?.err?.stack ?? '', /caused by: Error: the reason/)
      assert.match(entry?.msg ?? '', /the app closes, and the process ends$/)
    })
  }

  test('an error while it drains is told of, and the process exits with 1', async () => {
    const { ended, kill } = await run('throw again')
    kill('SIGTERM')
    const end = await ended
    assert.equal(end.code, 1)
    assert.deepEqual(
      fatal(end).map(({ err }) => err?.message),
      ['once more'],
    )
  })

  test('neither a request nor a hook without an end holds the process', async () => {
    const { ended, kill, told, url } = await run('hang', { drain: 200 })
    fetch(`${url}/never`).catch(() => {})
    await told('arrived')
    kill('SIGTERM')
    const end = await ended
    assert.equal(end.code, 0)
    const lines = end.entries.map(({ msg }) => msg).join('\n')
    assert.match(lines, /has not ended within 200 ms/)
    assert.match(lines, /drained, 1 connection, 1 request and 0 WebSockets forced$/m)
  })

  test('lets go of the process when the app is closed otherwise', async () => {
    const { ended, messages } = await run('close')
    assert.equal((await ended).code, 0)
    assert.deepEqual(messages.slice(1), ['closed', '0,0,0'])
  })

  test('lets go of the process when it cannot listen', async () => {
    const taken = new Hotpress({ logger: false })
    const { port } = await taken.listen()
    const app = new Hotpress({ logger: false })
    await assert.rejects(app.run({ port }), says('ADDRESS_IN_USE'))
    assert.equal(process.listenerCount('SIGTERM'), 0)
    await taken.close()
  })
})
