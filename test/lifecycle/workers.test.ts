import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { constants } from 'node:os'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Variant, variants } from '../_variants.js'
import { agentClient, fetchClient, freshClient, Load, rawClient } from './_load.js'
import { gone, isRunning, Program, type Who, whoAnswers } from './_workers.js'

const transports = variants.filter(({ name, transport }) => name === transport)
/** For what has nothing to do with how requests come. */
const any = transports.find(({ skip }) => skip === false) as Variant
const skip = (process.platform === 'win32' && 'there are no such signals') || (any === undefined && 'no transport runs')

const fixture = (name: string): string => fileURLToPath(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url))
const terminalFile = fileURLToPath(new URL('../../../test/lifecycle/_terminal.py', import.meta.url))
const tls = { cert: fixture('cert.pem'), key: fixture('key.pem') }

type Options = Parameters<typeof Program.start>

async function using(
  transport: string,
  [run, deeds]: [run: Options[1], deeds?: Options[2]],
  deed: (program: Program) => Promise<void>,
): Promise<void> {
  const program = Program.start(transport, run, deeds)
  try {
    await deed(program)
  } finally {
    await program.end()
  }
}

/** One request under way, when its worker has it. */
async function underWay(program: Program, path: string): Promise<{ readonly answer: Promise<string> }> {
  const answer = fetch((await program.ready()) + path).then((response) => response.text())
  answer.catch(() => {})
  await program.said(/^a request has arrived/)
  return { answer }
}

/** Clients that keep a connection each, until the worker that serves it is gone; who is found to be behind each of them. */
class Regulars {
  #isOver = false
  readonly #running: Promise<void>[]
  answered = 0
  readonly failures: { readonly message: string; readonly pid: number }[] = []

  constructor(url: string, count: number) {
    this.#running = Array.from({ length: count }, () => this.#run(url))
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#running)
  }

  async #run(url: string): Promise<void> {
    const client = rawClient(url)
    let who: Who | undefined
    try {
      who = JSON.parse((await client.send('/', undefined)).text) as Who
      while (!this.#isOver) {
        const found = JSON.parse((await client.send('/', undefined)).text) as Who
        assert.equal(found.pid, who.pid)
        this.answered++
      }
    } catch (error) {
      this.failures.push({ message: (error as Error).message, pid: who?.pid ?? 0 })
    }
    client.close()
  }
}

describe('workers', { concurrency: 1, skip, timeout: 400_000 }, () => {
  for (const { skip: missing, transport } of transports) {
    describe(transport, { concurrency: 1, skip: missing }, () => {
      test('all answer on one port, by ids of their own, and drain at SIGTERM', () =>
        using(transport, [{}], async (program) => {
          const url = await program.ready()
          const found = await whoAnswers(url, 2)
          assert.deepEqual([...found.keys()].sort(), [1, 2])
          const pids = [...found.values()].map(({ pid }) => pid)
          assert.ok(!pids.includes(program.pid))
          const { answer } = await underWay(program, '/slow')
          program.kill('SIGTERM')
          assert.equal(await answer, 'slow')
          const { code, signal, stderr } = await program.ended
          assert.deepEqual([code, signal, stderr], [0, null, ''])
          assert.ok(!pids.some(isRunning))
          const by = (part: RegExp) =>
            program.lines.filter(({ msg }) => part.test(msg)).map(({ worker }) => worker ?? 0)
          assert.deepEqual(by(/^listening on/).sort(), [1, 2])
          assert.deepEqual(by(/^the hook has run/).sort(), [0, 1, 2])
        }))

      test('serve TLS on one port too', () =>
        using(transport, [{ tls }], async (program) => {
          const url = await program.ready()
          assert.match(url, /^https:/)
          const found = new Set<number>()
          while (found.size < 2) {
            const client = agentClient(url, false)
            found.add((JSON.parse((await client.send('/', undefined)).text) as Who).id)
            client.close()
          }
          program.kill('SIGTERM')
          assert.equal((await program.ended).code, 0)
        }))

      test('one that is ended by force under load takes its own connections alone, and is replaced with its id', () =>
        using(transport, [{}], async (program) => {
          const url = await program.ready()
          const before = await whoAnswers(url, 2)
          const clients = new Regulars(url, 24)
          while (clients.answered < 2000) await sleep(10)
          const { pid } = before.get(2)!
          process.kill(pid, 'SIGKILL')
          await program.said(/^worker 2 is ready/, 2)
          const { answered } = clients
          while (clients.answered < answered + 500 && clients.failures.length < 24) await sleep(10)
          await clients.end()
          assert.deepEqual(
            clients.failures.filter((failure) => failure.pid !== pid),
            [],
          )
          assert.ok(clients.failures.length > 0, 'no connection was on the worker that has ended')
          const after = await whoAnswers(url, 2)
          assert.equal(after.get(1)!.pid, before.get(1)!.pid)
          assert.notEqual(after.get(2)!.pid, pid)
          const { msg } = await program.said(/was ended by SIGKILL/)
          assert.equal(msg, 'worker 2 was ended by SIGKILL: it is replaced at once')
        }))

      test('SIGHUP puts a new program in their place, and loses no request', () =>
        using(transport, [{ idleGrace: 1000 }, { version: 'one' }], async (program) => {
          const url = await program.ready()
          const before = await whoAnswers(url, 2)
          // Where each worker has a listener of its own, the system resets who waits there when it ends (docs/processes.md).
          // The sockets of uws are its own: a connection that is being made when one ends is reset.
          const fresh = transport === 'uws' ? [] : [freshClient]
          const makers = [agentClient, fetchClient, rawClient, ...fresh]
          const load = new Load(makers, 2, { longestPause: 20, url })
          try {
            await load.has(200)
            program.write({ version: 'two' })
            program.kill('SIGHUP')
            await program.said(/^reload: done/)
            program.kill('SIGHUP')
            await program.said(/^reload: done/, 2)
            await load.has(load.answered + 200)
          } finally {
            const { answered, failures } = await load.end()
            assert.deepEqual(failures, [], `of ${answered + failures.length} requests`)
          }
          const after = await whoAnswers(url, 2)
          for (const id of [1, 2]) {
            assert.equal(after.get(id)!.version, 'two')
            assert.ok(!isRunning(before.get(id)!.pid))
          }
        }))

      if (transport === 'native') {
        test('who connects while one that was killed is replaced waits for the next', () =>
          using(transport, [{}], async (program) => {
            const url = await program.ready()
            const { pid } = (await whoAnswers(url, 2)).get(2)!
            process.kill(pid, 'SIGKILL')
            while (isRunning(pid)) await sleep(1)
            const asked = Array.from({ length: 40 }, () => fetch(url, { headers: { connection: 'close' } }))
            const found = await Promise.all((await Promise.all(asked)).map((answer) => answer.json() as Promise<Who>))
            assert.ok(found.some(({ id }) => id === 2))
            assert.ok(found.every((who) => who.pid !== pid))
          }))
      }

      test('drain and end by themselves when the process that watches over them is gone', () =>
        using(transport, [{}], async (program) => {
          const url = await program.ready()
          const pids = [...(await whoAnswers(url, 2)).values()].map(({ pid }) => pid)
          const { answer } = await underWay(program, '/slow')
          program.kill('SIGKILL')
          assert.equal(await answer, 'slow')
          await gone(pids)
        }))

      test('one whose event loop stands still is replaced', () =>
        using(transport, [{ workers: { count: 2, hangTimeout: '4s' } }], async (program) => {
          const url = await program.ready()
          await assert.rejects(fetch(`${url}/spin`))
          await program.said(/has stood still for 4000 ms: it is killed/)
          await program.said(/^worker \d is ready/, 3)
          await whoAnswers(url, 2)
        }))
    })
  }

  describe('on any transport', { concurrency: 1 }, () => {
    const { transport } = any

    test('a second signal ends all of them at once', () =>
      using(transport, [{ drain: '50s' }], async (program) => {
        const url = await program.ready()
        const pids = [...(await whoAnswers(url, 2)).values()].map(({ pid }) => pid)
        const { answer } = await underWay(program, '/never')
        program.kill('SIGTERM')
        await program.said(/^SIGTERM: the app closes/)
        program.kill('SIGINT')
        assert.equal((await program.ended).code, 130)
        await assert.rejects(answer)
        await gone(pids)
      }))

    test('signals of a group are for the process that watches over them alone', () =>
      using(transport, [{}], async (program) => {
        const url = await program.ready()
        const before = await whoAnswers(url, 2)
        for (const { pid } of before.values()) {
          for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal)
        }
        await sleep(300)
        assert.deepEqual(await whoAnswers(url, 2), before)
      }))

    test('what is cut off at the end of the drain is no failure', () =>
      using(transport, [{ drain: 200 }], async (program) => {
        const url = await program.ready()
        const { answer } = await underWay(program, '/never')
        const [killed] = [...(await whoAnswers(url, 2)).values()].map(({ pid }) => pid)
        program.kill('SIGTERM')
        await assert.rejects(answer)
        assert.equal((await program.ended).code, 0)
        assert.ok(!isRunning(killed!))
      }))

    test('one that closes unasked, or by an error that nobody caught, is replaced while it drains', () =>
      using(transport, [{}], async (program) => {
        const url = await program.ready()
        await (await fetch(`${url}/throw`)).text()
        await program.said(/closes unasked: it is replaced at once/)
        await program.said(/^worker \d is ready/, 3)
        await (await fetch(`${url}/close`)).text()
        await program.said(/closes unasked: it is replaced/, 2)
        await program.said(/^worker \d is ready/, 4)
        await whoAnswers(url, 2)
      }))

    test('a reload that does not come to serve leaves those that do', () =>
      using(transport, [{ workers: { count: 2, startTimeout: '20s' } }, { unfit: [] }], async (program) => {
        const url = await program.ready()
        const before = await whoAnswers(url, 2)
        program.write({}, 'process.exit(7)')
        program.kill('SIGHUP')
        const { err } = await program.said(/^reload: given up after 0 of 2 workers/)
        assert.equal(err?.message, 'worker 1 did not start: it ended with code 7 before it was ready')
        assert.deepEqual(await whoAnswers(url, 2), before)
        program.write({ version: 'two' })
        program.kill('SIGHUP')
        await program.said(/^reload: done/)
        const after = await whoAnswers(url, 2)
        assert.deepEqual([after.get(1)!.version, after.get(2)!.version], ['two', 'two'])
      }))

    test('one that is not ready in time is ended, and a reload with it', () =>
      using(transport, [{ workers: { count: 2, startTimeout: '9s' } }, { unfit: [] }], async (program) => {
        const url = await program.ready()
        const before = await whoAnswers(url, 2)
        program.write({ unfit: [1] })
        program.kill('SIGHUP')
        const { err } = await program.said(/^reload: given up/)
        assert.equal(err?.message, 'worker 1 did not start: it was not ready within 9000 ms')
        const after = await whoAnswers(url, 2)
        assert.deepEqual(after, before)
      }))

    test('SIGUSR2 is passed on to workers that listen for it', () =>
      using(transport, [{}, { env: { LISTENS: 'yes' } }], async (program) => {
        const url = await program.ready()
        program.kill('SIGUSR2')
        const { worker } = await program.said(/^told to open files anew/)
        const { worker: other } = await program.said(/^told to open files anew/, 2)
        assert.deepEqual([worker, other].sort(), [1, 2])
        await whoAnswers(url, 2)
      }))

    test('SIGUSR2 ends no worker that does not listen for it', () =>
      using(transport, [{}], async (program) => {
        const url = await program.ready()
        const before = await whoAnswers(url, 2)
        program.kill('SIGUSR2')
        await sleep(100)
        assert.deepEqual(await whoAnswers(url, 2), before)
      }))

    test('a reload that is asked for during one follows it, once', () =>
      using(transport, [{}], async (program) => {
        await program.ready()
        program.kill('SIGHUP')
        await program.said(/^reload: 2 workers/)
        for (let count = 0; count < 3; count++) program.kill('SIGHUP')
        await program.said(/^reload: done/, 2)
        await sleep(200)
        assert.equal(program.lines.filter(({ msg }) => msg.startsWith('reload: 2 workers')).length, 2)
      }))

    test('one that ends again and again is told of, while others serve', () =>
      using(transport, [{}], async (program) => {
        const url = await program.ready()
        const before = await whoAnswers(url, 2)
        program.write({}, 'process.exit(7)')
        process.kill(before.get(2)!.pid, 'SIGKILL')
        const { level, msg } = await program.said(/^worker 2 ends again and again/)
        assert.equal(level, 60)
        assert.match(msg, /the others serve/)
        // And nobody waits for the one that does not come.
        for (let count = 0; count < 20; count++) {
          assert.equal((await whoAnswers(url, 1)).get(1)!.pid, before.get(1)!.pid)
        }
        program.write({})
        program.kill('SIGHUP')
        await program.said(/^reload: done/)
        await whoAnswers(url, 2)
      }))

    test('where none serves any more the process ends with 1', () =>
      using(transport, [{}], async (program) => {
        const url = await program.ready()
        const before = await whoAnswers(url, 2)
        program.write({}, 'process.exit(7)')
        for (const { pid } of before.values()) process.kill(pid, 'SIGKILL')
        const { level } = await program.said(/ends again and again before it is ready, and no other serves/)
        assert.equal(level, 60)
        assert.equal((await program.ended).code, 1)
      }))

    test('where the first does not start, run() says why, and the process ends with 1', async () => {
      const other = createServer()
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
      const { port } = other.address() as { readonly port: number }
      await using(transport, [{ port }], async (program) => {
        const { code, stderr } = await program.ended
        assert.equal(code, 1)
        assert.match(stderr, /ADDRESS_IN_USE/)
        assert.equal(program.workerPids.length, 0)
      })
      other.close()
      await using(transport, [{ workers: { count: 2, startTimeout: '9s' } }, { unfit: [2] }], async (program) => {
        const { code, stderr } = await program.ended
        assert.equal(code, 1)
        assert.match(stderr, /WORKER_FAILED/)
        assert.match(stderr, /worker 2 did not start: it was not ready within 9000 ms/)
        await gone(program.workerPids)
      })
    })

    test('a signal during the start ends it without a word of failure', () =>
      using(transport, [{}, { unfit: [2] }], async (program) => {
        await program.said(/^worker 1 is ready/)
        program.kill('SIGTERM')
        const { code, stderr } = await program.ended
        assert.deepEqual([code, stderr], [0, ''])
        await gone(program.workerPids)
      }))

    const isPython = spawnSync('python3', ['--version']).status === 0
    test('a terminal that is closed has all of them end', { skip: !isPython && 'python3 is not installed' }, () =>
      using(transport, [{}], async (program) => {
        await program.ready()
        const words = [
          terminalFile,
          'workers listening on',
          process.execPath,
          program.file,
          JSON.stringify({ workers: 2 }),
          '',
        ]
        const python = spawn('python3', words, {
          env: { ...process.env, TRANSPORT: transport },
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        let text = ''
        for await (const chunk of python.stdout) text += chunk
        const { code, said } = JSON.parse(text) as { readonly code: number; readonly said: string }
        assert.equal(code, -constants.signals.SIGHUP)
        const pids = [...said.matchAll(/"workerPid":(\d+)/g)].map(([, pid]) => Number(pid))
        assert.equal(pids.length, 2)
        await gone(pids)
      }),
    )

    test('a second app of the program has no workers of its own', () =>
      using(transport, [{}, { deed: 'twice' }], async (program) => {
        const { err } = await program.said(/the app closes, and the process ends/)
        assert.match(err?.message ?? '', /^run\(\) was called in the process that watches over the workers/)
        assert.equal((await program.ended).code, 1)
        await gone(program.workerPids)
      }))

    test('what run() gives in the first process closes them', () =>
      using(transport, [{}, { deed: 'close' }], async (program) => {
        const { code, stderr } = await program.ended
        assert.deepEqual([code, stderr], [0, ''])
        assert.equal(program.workerPids.length, 2)
        await gone(program.workerPids)
      }))
  })
})
