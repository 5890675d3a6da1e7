import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { RunOptions } from '../../src/index.js'
import { until } from '../transports/_server.js'
import { notifyMissing, receive } from './_notified.js'

const program = fileURLToPath(new URL('./_run-app.js', import.meta.url))

interface Running {
  readonly kill: (signal: NodeJS.Signals) => void
  readonly log: () => string
  readonly url: string
  readonly ended: Promise<unknown>
}

async function runApp(env: NodeJS.ProcessEnv, run: RunOptions = {}): Promise<Running> {
  const own = { ...process.env, NOTIFY_SOCKET: undefined, WATCHDOG_USEC: undefined, ...env }
  const words = [program, '', JSON.stringify(run)]
  const child = spawn(process.execPath, words, { env: own, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  let text = ''
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const ended = once(child, 'close')
  const limit = setTimeout(() => child.kill('SIGKILL'), 25_000)
  void ended.then(() => clearTimeout(limit))
  after(() => void child.kill('SIGKILL'))
  const [url] = await Promise.race([once(child, 'message'), ended.then(() => ['nobody'])])
  return { ended, kill: (signal) => void child.kill(signal), log: () => text, url: url as string }
}

describe('a service manager', { skip: notifyMissing, timeout: 60_000 }, () => {
  test('is told of workers, and of their reload, by the process that watches over them alone', async () => {
    const { datagrams, socket } = await receive()
    const env = { NOTIFY_SOCKET: socket, WATCHDOG_PID: undefined }
    const { ended, kill, url } = await runApp(env, { workers: 2 })
    // The program waits by it until what it has said was heard.
    const told = (): readonly string[] => datagrams.filter((datagram) => !datagram.startsWith('BARRIER='))
    await until(() => told().length === 1, 'that it is ready', 10_000)
    kill('SIGHUP')
    await until(() => told().length === 3, 'that it has reloaded', 20_000)
    kill('SIGTERM')
    await ended
    await until(() => told().length === 4, 'that it stops', 10_000)
    const words = told().map((datagram) => datagram.trimEnd().split('\n'))
    const ready = ['READY=1', `STATUS=2 workers listening on ${url}`]
    assert.deepEqual([words[0], words[2]], [ready, ready])
    assert.deepEqual(words[1]?.slice(0, 2), ['RELOADING=1', 'STATUS=reloading'])
    assert.match(words[1]?.[2] ?? '', /^MONOTONIC_USEC=\d+$/)
    assert.equal(words[3]?.[0], 'STOPPING=1')
  })

  test('is told when the app is ready, that it lives, and when it stops', async () => {
    const { datagrams, socket } = await receive()
    const { ended, kill, url } = await runApp({
      NOTIFY_SOCKET: socket,
      WATCHDOG_PID: undefined,
      WATCHDOG_USEC: '400000',
    })
    const alive = (): number => datagrams.filter((datagram) => datagram === 'WATCHDOG=1').length
    await until(() => alive() >= 2, 'two signs of life', 10_000)
    assert.deepEqual(datagrams[0]?.trimEnd().split('\n'), ['READY=1', `STATUS=listening on ${url}`])
    kill('SIGTERM')
    await ended
    await until(() => datagrams.some((datagram) => datagram.startsWith('STOPPING=1')), 'the end', 10_000)
    const stopping = datagrams.find((datagram) => datagram.startsWith('STOPPING=1'))!
    assert.match(stopping, /^STOPPING=1\nSTATUS=closing\nEXTEND_TIMEOUT_USEC=20000000\n?$/)
  })

  test('is given no signs of life that are for another process', async () => {
    const { datagrams, socket } = await receive()
    const { ended, kill } = await runApp({ NOTIFY_SOCKET: socket, WATCHDOG_PID: '1', WATCHDOG_USEC: '20000' })
    await until(() => datagrams.length > 0, 'READY', 10_000)
    kill('SIGTERM')
    await ended
    assert.equal(datagrams.includes('WATCHDOG=1'), false)
  })

  test('that cannot be told is one line of the log, and the app serves', async () => {
    const env = { NOTIFY_SOCKET: '/nowhere', PATH: '/nowhere', WATCHDOG_USEC: '20000' }
    const { ended, kill, log, url } = await runApp(env)
    await until(() => log().includes('systemd-notify cannot be run'), 'a line', 10_000)
    assert.equal((await fetch(url)).status, 200)
    kill('SIGTERM')
    await ended
    assert.equal(log().split('systemd-notify cannot be run').length, 2)
  })
})
