import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after } from 'node:test'
import { receive } from '../lifecycle/_notified.js'
import { until } from '../transports/_server.js'
import { example } from './_units.js'

/**
 * The most milliseconds that the example takes to end, as it says itself, with an environment.
 *
 * It runs, is told to end, and tells its service manager.
 */
export async function boundOf(env: Readonly<Record<string, string>>): Promise<number> {
  const { datagrams, socket } = await receive()
  const child = spawn(process.execPath, [example], {
    env: {
      ...process.env,
      LISTEN_PID: '',
      WATCHDOG_USEC: '',
      ...env,
      HOST: '127.0.0.1',
      NOTIFY_SOCKET: socket,
      PORT: '0',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  after(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  await until(() => datagrams.some((each) => each.startsWith('READY=1')), 'READY', 20_000)
  child.kill('SIGTERM')
  const told = (): string | undefined => datagrams.find((each) => each.startsWith('STOPPING=1'))
  await until(() => told() !== undefined, 'STOPPING', 20_000)
  // All is said; its idle connections and its delay need not be waited for.
  child.kill('SIGKILL')
  await ended
  const time = /EXTEND_TIMEOUT_USEC=(\d+)/.exec(told()!)?.[1]
  assert.ok(time)
  return Number(time) / 1000
}

/** Milliseconds of a text such as `20s` or `1min`. */
export function timeOf(text: string): number {
  const [, count, unit] = /^(\d+)(ms|s|min)$/.exec(text) ?? assert.fail(`${text} is a time`)
  return Number(count) * { min: 60_000, ms: 1, s: 1000 }[unit as 'min' | 'ms' | 's']
}
