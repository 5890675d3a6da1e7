import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, test } from 'node:test'
import { Hotpress } from '../../src/index.js'
import { settleClose, settleRun } from '../../src/lifecycle/options.js'
import { descriptorOf } from '../../src/lifecycle/socket-activation.js'
import { says } from '../_says.js'

const time = "a whole number of milliseconds, or a text with ms, s, m or h such as '30s'"
const signals = "a list of signals that can be handled, such as ['SIGTERM']"

const count = "a whole number from 1 to 1024, or 'auto'"

const wrong: readonly (readonly [option: string, value: unknown, got: string, takes: string])[] = [
  ['delay', '5', '"5"', time],
  ['delay', -1, '-1', time],
  ['drain', 2 ** 31, '2147483648', time],
  ['drain', null, 'null', time],
  ['idleGrace', true, 'true', time],
  ['reconnect', 'no', '"no"', 'true or false'],
]
const wrongOfRun: typeof wrong = [
  ...wrong,
  ['signals', 'SIGTERM', '"SIGTERM"', signals],
  ['signals', ['SIGTERM', 'SIGKILL'], '"SIGKILL"', signals],
  ['signals', ['TERM'], '"TERM"', signals],
  ['signals', [15], '15', signals],
  ['control', 9000, '9000', 'an object'],
  ['control', {}, 'neither port nor path', '{ port } or { path }'],
  ['control', { path: '/a', port: 1 }, 'a path beside host or port', 'one of them'],
  ['workers', 0, '0', count],
  ['workers', 1.5, '1.5', count],
  ['workers', 'many', '"many"', count],
  ['workers', 1025, '1025', count],
  ['workers', null, 'null', 'an object'],
]

function makeApp(): Hotpress {
  return new Hotpress({ logger: false })
}

describe('options of close()', () => {
  for (const [option, value, got, takes] of wrong) {
    test(`${option} does not take ${got}`, () =>
      assert.rejects(
        makeApp().close({ [option]: value }),
        says('OPTION_INVALID', `${option} of close()`, `got ${got}`, takes),
      ))
  }

  test('there is none that is not known', () =>
    assert.rejects(
      makeApp().close({ timeout: 1 } as object),
      says('OPTION_UNKNOWN', 'timeout of close()', 'delay, drain, idleGrace, reconnect'),
    ))

  test('are complete, and the grace is no longer than the drain', () => {
    assert.deepEqual(settleClose({}), { delay: 0, drain: 10_000, idleGrace: 0, reconnect: true })
    assert.deepEqual(settleClose({ delay: '1s', drain: 50, idleGrace: '2s', reconnect: false }), {
      delay: 1000,
      drain: 50,
      idleGrace: 50,
      reconnect: false,
    })
  })

  test('of one listener are its own', async () => {
    const app = makeApp()
    const server = await app.listen()
    await assert.rejects(server.close({ drain: 'x' }), says('OPTION_INVALID', 'drain of close() of a listener'))
    await assert.rejects(server.close({ delay: 1 } as object), says('OPTION_UNKNOWN', 'drain, idleGrace'))
    await server.close({ drain: '1s' })
    await app.close()
  })
})

describe('options of run()', () => {
  for (const [option, value, got, takes] of wrongOfRun) {
    test(`${option} does not take ${got}`, () =>
      assert.rejects(
        makeApp().run({ [option]: value }),
        says('OPTION_INVALID', `${option} of run()`, `got ${got}`, takes),
      ))
  }

  test('there is none that is not known', () =>
    assert.rejects(makeApp().run({ ports: 1 } as object), says('OPTION_UNKNOWN', 'ports of run()', 'port, reconnect')))

  test('are an object', () =>
    assert.rejects(makeApp().run(null as never), says('OPTION_INVALID', 'options of run()', 'an object')))

  test('those of listen() are checked by it', () =>
    assert.rejects(makeApp().run({ port: -1 }), says('OPTION_INVALID', 'port', 'got -1')))

  test('are parted and complete', () => {
    assert.deepEqual(settleRun({ delay: 5, port: 80 }, ['port']), {
      listen: { port: 80 },
      run: {
        close: { delay: 5, drain: 10_000, idleGrace: 2000, reconnect: true },
        signals: ['SIGINT', 'SIGTERM'],
        workers: undefined,
      },
    })
    const { run: many } = settleRun({ control: { port: 9000 }, workers: { count: 3, hangTimeout: 0 } }, [])
    assert.deepEqual(many.workers, {
      control: { host: '127.0.0.1', port: 9000 },
      count: 3,
      hangTimeout: 0,
      startTimeout: 60_000,
    })
    assert.equal(settleRun({ workers: 1 }, []).run.workers, undefined)
    assert.equal(settleRun({ workers: 'auto' }, []).run.workers?.count ?? 1, availableParallelism())
    assert.equal(settleRun({ control: { path: '/a' } }, []).run.workers?.count, 1)
    const { run } = settleRun({ drain: '1s', signals: ['SIGUSR2', 'SIGUSR2'] }, [])
    assert.deepEqual([run.close.idleGrace, run.signals], [1000, ['SIGUSR2']])
  })
})

describe('options of workers and control', () => {
  const cases: readonly (readonly [run: object, option: string, got: string, takes: string])[] = [
    [{ workers: { count: 0 } }, 'count of workers of run()', '0', count],
    [{ workers: { hangTimeout: 'x' } }, 'hangTimeout of workers of run()', '"x"', time],
    [{ workers: { startTimeout: 0 } }, 'startTimeout of workers of run()', '0', 'more than 0'],
    [{ control: { host: '', port: 1 } }, 'host of control of run()', '""', 'a text'],
    [{ control: { path: 1 } }, 'path of control of run()', '1', 'a text'],
    [{ control: { port: 0 } }, 'port of control of run()', '0', 'from 1 to 65535'],
  ]
  for (const [run, option, got, takes] of cases) {
    test(`${option} does not take ${got}`, () =>
      assert.rejects(makeApp().run(run), says('OPTION_INVALID', option, `got ${got}`, takes)))
  }

  test('there are none that are not known', async () => {
    await assert.rejects(
      makeApp().run({ workers: { number: 2 } as object }),
      says('OPTION_UNKNOWN', 'number of workers'),
    )
    await assert.rejects(
      makeApp().run({ control: { socket: 'a' } as object }),
      says('OPTION_UNKNOWN', 'socket of control'),
    )
  })

  test('have no part in HTTP/3, and in a descriptor', async () => {
    await assert.rejects(makeApp().run({ http3: true, workers: 2 }), says('OPTION_INVALID', 'http3', 'workers: 2'))
    await assert.rejects(makeApp().run({ fd: 3, workers: 2 }), says('OPTION_INVALID', 'fd', 'workers: 2'))
  })

  test('workers are of no use where the app listens already', async () => {
    const app = makeApp()
    await app.listen()
    await assert.rejects(app.run({ workers: 2 }), says('WORKERS_SERVE', 'run()'))
    await app.close()
  })
})

describe('onClose()', () => {
  test('takes a function and a time', () => {
    const app = makeApp()
    assert.throws(() => app.onClose('x' as never), says('HANDLER_INVALID', 'onClose()', '"x"'))
    assert.throws(() => app.onClose(() => {}, { timeout: 'x' }), says('OPTION_INVALID', 'timeout of onClose()'))
    assert.throws(() => app.onClose(() => {}, { time: 1 } as object), says('OPTION_UNKNOWN', 'time of onClose()'))
  })
})

describe('a descriptor', () => {
  const own = { LISTEN_FDNAMES: 'plain:secure', LISTEN_FDS: '2', LISTEN_PID: String(process.pid) }

  test('is a number, or what systemd has passed to this process', () => {
    assert.equal(descriptorOf(7, 'fd', {}), 7)
    assert.equal(descriptorOf('systemd', 'fd', own), 3)
    assert.equal(descriptorOf('systemd:plain', 'fd', own), 3)
    assert.equal(descriptorOf('systemd:secure', 'fd', own), 4)
  })

  test('is none of another process, and none that is not there', () => {
    const of = (value: unknown, env: NodeJS.ProcessEnv) => () => descriptorOf(value, 'fd', env)
    assert.throws(of('systemd', { ...own, LISTEN_PID: '1' }), says('OPTION_INVALID', 'passed no socket'))
    assert.throws(of('systemd', { ...own, LISTEN_FDS: '0' }), says('OPTION_INVALID', 'passed no socket'))
    assert.throws(of('systemd:other', own), says('OPTION_INVALID', 'the sockets passed are plain, secure'))
    assert.throws(of('inetd', own), says('OPTION_INVALID', '"inetd"'))
  })
})
