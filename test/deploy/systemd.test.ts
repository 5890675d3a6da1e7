// The units: what systemd says of them, and the example run as they say.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort, missing, run, temporaryFolder } from '../interop/_programs.js'
import { notifyMissing } from '../lifecycle/_notified.js'
import { until } from '../transports/_server.js'
import { boundOf, timeOf } from './_bound.js'
import { deployed, environmentOf, example, readUnit } from './_units.js'

const linux = process.platform === 'linux' ? false : 'there is no systemd here'
const units = ['hotpress.service', 'hotpress.socket'] as const
const holder = fileURLToPath(new URL('../../../test/lifecycle/_held-socket.py', import.meta.url))

/** Asks once, on a connection of its own or on one of an agent. @returns the body. */
function ask(port: number, agent: Agent | false = false): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ agent, host: '127.0.0.1', path: '/', port }, (answer) => text(answer).then(resolve, reject)).on(
      'error',
      reject,
    )
  })
}

describe('the units of systemd', { skip: linux || missing('systemd-analyze', '--version') }, () => {
  const version = Number(/\d+/.exec(String(spawnSync('systemd-analyze', ['--version']).stdout))?.[0])
  const folder = temporaryFolder()
  // Programs and folders must be there.
  for (const name of linux === false ? units : []) {
    const unit = readFileSync(deployed(name), 'utf8')
    writeFileSync(path.join(folder, name), unit.replace('/usr/bin/node', process.execPath).replace('/srv/app', folder))
  }

  test('are what systemd takes', async () => {
    const words = ['verify', '--man=no', ...units.map((name) => path.join(folder, name))]
    const { status, stderr, stdout } = await run('systemd-analyze', words)
    // It looks at units of the machine too, which these depend on.
    const own = (stdout + stderr).split('\n').filter((line) => line.includes('hotpress'))
    assert.deepEqual([status, own], [0, []])
  })

  const tooOld = !(version >= 250) && 'this systemd looks at units of its own alone'
  test('expose next to nothing', { skip: tooOld }, async () => {
    const words = ['security', '--offline=true', '--threshold=20', '--no-pager', path.join(folder, units[0])]
    const { status, stderr, stdout } = await run('systemd-analyze', words)
    assert.equal(status, 0, stdout + stderr)
  })
})

describe('the service', { skip: linux || notifyMissing, timeout: 60_000 }, () => {
  const service = readUnit('hotpress.service')
  const value = (name: string): string => service.get(`Service.${name}`)?.[0] ?? assert.fail(`${name} is there`)

  test('has more time to end than the app takes', async () => {
    const bound = await boundOf(environmentOf(service))
    const stop = timeOf(value('TimeoutStopSec'))
    assert.ok(stop > bound, `${stop} ms are more than ${bound} ms`)
  })

  test('is told by what the app starts, and makes code while it runs', () => {
    assert.deepEqual([value('Type'), value('NotifyAccess'), value('KillMode')], ['notify', 'all', 'mixed'])
    assert.equal(service.has('Service.MemoryDenyWriteExecute'), false)
  })

  test('listens where its socket does', () => {
    const { HOST, PORT } = environmentOf(service)
    assert.deepEqual(readUnit('hotpress.socket').get('Socket.ListenStream'), [`${HOST}:${PORT}`])
  })
})

describe('socket activation', { skip: linux, timeout: 90_000 }, () => {
  const env = environmentOf(readUnit('hotpress.service'))

  test('the first connection starts the example, which serves it', {
    skip: linux || missing('systemd-socket-activate', '--version'),
  }, async () => {
    const port = await freePort()
    const set = Object.entries(env).flatMap(([name, word]) => ['-E', `${name}=${word}`])
    const words = ['-l', `127.0.0.1:${port}`, '--fdname=http', ...set, process.execPath, example]
    const child = spawn('systemd-socket-activate', words, { stdio: ['ignore', 'pipe', 'pipe'] })
    after(() => void child.kill('SIGKILL'))
    let log = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        log += part
      })
    }
    await until(() => log.includes('Listening on'), 'a socket', 10_000)
    const { pid } = JSON.parse(await ask(port)) as { readonly pid: number }
    // It has taken the place of what has started it.
    assert.equal(pid, child.pid)
    // Its answer may come before what it says of itself.
    await until(() => log.includes('"transport":"native"'), 'the transport native', 10_000)
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
  })

  test('a restart refuses nobody', { skip: linux || missing('python3', '--version') }, async () => {
    const child: ChildProcess = spawn('python3', [holder, process.execPath, example], {
      env: { ...process.env, ...env, DRAIN: '5s', IDLE_GRACE: '1s', LOG_LEVEL: 'warn' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    after(async () => {
      child.stdin!.end()
      await ended
    })
    // The port, and then the process id of each run.
    const lines: number[] = []
    createInterface({ input: child.stdout! }).on('line', (line) => lines.push(Number(line)))
    await until(() => lines.length > 1, 'a process', 10_000)
    const [port] = lines as [number]
    const pids = (): number[] => lines.slice(1)

    let isOver = false
    const failures: unknown[] = []
    const seen = new Map<number, number>()
    // Connections of their own, and connections that are kept.
    const clients = [false, false, new Agent({ keepAlive: true }), new Agent({ keepAlive: true })] as const
    const running = clients.map(async (agent) => {
      while (!isOver) {
        try {
          const { pid } = JSON.parse(await ask(port, agent)) as { readonly pid: number }
          seen.set(pid, (seen.get(pid) ?? 0) + 1)
        } catch (error) {
          failures.push(error)
        }
        await sleep(10)
      }
      if (agent !== false) agent.destroy()
    })
    const enough = (count: number): boolean =>
      failures.length > 0 || (pids().length === count && (seen.get(pids().at(-1)!) ?? 0) >= 50)
    try {
      for (let count = 1; count <= 3 && failures.length === 0; count++) {
        await until(() => enough(count), `answers of process ${count}`, 20_000)
        if (count < 3) process.kill(pids().at(-1)!, 'SIGTERM')
      }
    } finally {
      isOver = true
    }
    await Promise.all(running)
    assert.deepEqual(failures, [])
    assert.equal(seen.size, 3)
  })
})
