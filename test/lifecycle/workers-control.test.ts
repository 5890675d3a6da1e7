import assert from 'node:assert/strict'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { probePort } from '../../src/core/probe-port.js'
import type { ControlOptions } from '../../src/index.js'
import { variants } from '../_variants.js'
import { Program, whoAnswers } from './_workers.js'

const { transport = 'node' } = variants.find(({ name, skip, transport }) => name === transport && skip === false) ?? {}

interface Answer {
  readonly body: string
  readonly status: number
  readonly type: string
}

function ask(control: ControlOptions, url: string, method = 'GET', host = 'localhost'): Promise<Answer> {
  const where = control.path === undefined ? { host: '127.0.0.1', port: control.port } : { socketPath: control.path }
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, agent: false, headers: { host }, method, path: url }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      const { statusCode: status = 0 } = response
      response.once('end', () => resolve({ body, status, type: String(response.headers['content-type']) }))
    })
    asked.once('error', reject)
    asked.end()
  })
}

const socketPath = (name: string): string => path.join(tmpdir(), `hotpress-${process.pid}-${name}.sock`)

describe('the control endpoint', { concurrency: 1, skip: process.platform === 'win32', timeout: 120_000 }, () => {
  test('tells how workers are, and of all of them together', async () => {
    const control = { port: await probePort('127.0.0.1', 0) }
    const program = Program.start(transport, { control }, { unfit: [] })
    try {
      const url = await program.ready()
      const who = await whoAnswers(url, 2)
      const held = fetch(`${url}/slow`)
      const report = JSON.parse((await ask(control, '/workers')).body)
      assert.equal(report.isReady, true)
      assert.equal(report.supervisor.pid, program.pid)
      assert.deepEqual(
        report.workers.map(({ id, isReady, pid, restarts, state }: Record<string, unknown>) => [
          id,
          isReady,
          pid,
          restarts,
          state,
        ]),
        [1, 2].map((id) => [id, true, who.get(id)!.pid, 0, 'ready']),
      )
      for (const worker of report.workers) {
        assert.ok(worker.memory > 1e6)
        assert.ok(worker.uptime > 0)
        assert.ok(worker.connections >= 0 && worker.requests >= 0 && worker.sockets === 0)
        assert.ok(worker.eventLoopUtilization >= 0 && worker.eventLoopUtilization <= 1)
      }
      await (await held).text()
      assert.deepEqual(JSON.parse((await ask(control, '/readyz')).body), {
        status: 'ok',
        workers: { 1: 'ready', 2: 'ready' },
      })
      assert.equal((await ask(control, '/healthz')).status, 200)
      const metrics = await ask(control, '/metrics')
      assert.equal(metrics.type, 'text/plain; version=0.0.4; charset=utf-8')
      const values = new Map(
        metrics.body
          .split('\n')
          .filter((line) => line !== '' && !line.startsWith('#'))
          .map((line) => line.split(' ') as [string, string]),
      )
      assert.equal(values.get('hotpress_workers'), '2')
      assert.equal(values.get('hotpress_workers_ready'), '2')
      assert.equal(values.get('hotpress_worker_restarts_total{worker="2"}'), '0')
      const memory = ['1', '2'].map((id) => Number(values.get(`hotpress_worker_resident_memory_bytes{worker="${id}"}`)))
      assert.equal(Number(values.get('hotpress_resident_memory_bytes')), memory[0]! + memory[1]!)
    } finally {
      await program.end()
    }
  })

  test('answers nobody who means another host, changes nothing by a port, and says what there is', async () => {
    const control = { port: await probePort('127.0.0.1', 0) }
    const program = Program.start(transport, { control, workers: 1 })
    try {
      await program.ready()
      assert.equal((await ask(control, '/workers', 'GET', 'attacker.example')).status, 403)
      assert.equal((await ask(control, '/workers', 'GET', '127.0.0.1:80')).status, 200)
      assert.equal((await ask(control, '/reload', 'POST')).status, 403)
      assert.equal((await ask(control, '/workers', 'POST')).status, 405)
      const none = await ask(control, '/other')
      assert.equal(none.status, 404)
      assert.match(none.body, /\/healthz, \/metrics, \/readyz, \/stats, \/workers/)
      assert.equal((await ask(control, '/workers', 'HEAD')).body, '')
    } finally {
      await program.end()
    }
  })

  test('by the path of a socket it reloads, and says how it went', async () => {
    const control = { path: socketPath('reload') }
    // Left by one that was ended by force: nobody listens there.
    const program = Program.start(transport, { control, workers: 1 }, { version: 'one' })
    try {
      const url = await program.ready()
      assert.equal((await ask(control, '/reload')).status, 405)
      program.write({}, 'process.exit(7)')
      const failed = await ask(control, '/reload', 'POST')
      assert.equal(failed.status, 500)
      assert.match(failed.body, /worker 1 did not start: it ended with code 7/)
      program.write({ version: 'two' })
      assert.deepEqual(await ask(control, '/reload', 'POST'), {
        body: '{"status":"ok"}\n',
        status: 200,
        type: 'application/json; charset=utf-8',
      })
      assert.equal((await whoAnswers(url, 1)).get(1)!.version, 'two')
    } finally {
      await program.end()
    }
    // The file is there still, and nobody listens.
    const next = Program.start(transport, { control, workers: 1 })
    try {
      await next.ready()
      assert.equal((await ask(control, '/readyz')).status, 200)
      const second = Program.start(transport, { control, workers: 1 })
      try {
        assert.match((await second.ended).stderr, /ADDRESS_IN_USE/)
      } finally {
        await second.end()
      }
    } finally {
      await next.end()
    }
  })

  test('says that they are not ready while they start, drain, or their checks fail', async () => {
    const control = { path: socketPath('unready') }
    const program = Program.start(transport, { control, delay: '60s', workers: 1 }, { unfit: [1] })
    try {
      await program.said(/^listening on/)
      const { body, status } = await ask(control, '/readyz')
      assert.deepEqual([status, JSON.parse(body)], [503, { status: 'failed', workers: { 1: 'starting' } }])
      program.write({})
      process.kill((await program.said(/^listening on/)).pid, 'SIGKILL')
      await program.ended
    } finally {
      await program.end()
    }
    const drained = Program.start(transport, { control, delay: 500, workers: 1 })
    try {
      await drained.ready()
      drained.kill('SIGTERM')
      await drained.said(/not ready any more/)
      const { body, status } = await ask(control, '/readyz')
      assert.deepEqual([status, JSON.parse(body)], [503, { status: 'failed', workers: { 1: 'draining' } }])
      assert.equal((await drained.ended).code, 0)
      await assert.rejects(ask(control, '/readyz'))
    } finally {
      await drained.end()
    }
  })

  test('that cannot listen ends the start', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { readonly port: number }
    const program = Program.start(transport, { control: { port }, workers: 1 })
    try {
      const { code, stderr } = await program.ended
      assert.equal(code, 1)
      assert.match(stderr, /ADDRESS_IN_USE/)
    } finally {
      await program.end()
      other.close()
    }
  })
})
