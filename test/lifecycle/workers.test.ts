import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { variants } from '../_variants.js'
import { gone, isRunning, Program, whoAnswers } from './_workers.js'

const transports = variants.filter(({ name, transport }) => name === transport)

describe('workers', {
  concurrency: 1,
  skip: process.platform === 'win32' && 'there are no such signals',
  timeout: 300_000,
}, () => {
  for (const { skip, transport } of transports) {
    describe(transport, { concurrency: 1, skip }, () => {
      test('all answer on one port, by ids of their own, and drain at SIGTERM', async () => {
        const program = Program.start(transport, { workers: 2 })
        try {
          const url = await program.ready()
          const found = await whoAnswers(url, 2)
          assert.deepEqual([...found.keys()].sort(), [1, 2])
          const pids = [...found.values()].map(({ pid }) => pid)
          assert.ok(!pids.includes(program.pid))
          const slow = fetch(`${url}/slow`).then((answer) => answer.text())
          await new Promise((resolve) => setTimeout(resolve, 100))
          program.kill('SIGTERM')
          assert.equal(await slow, 'slow')
          const { code, signal, stderr } = await program.ended
          assert.deepEqual([code, signal, stderr], [0, null, ''])
          assert.ok(!pids.some(isRunning))
          const listening = program.lines.filter(({ msg }) => /^listening on/.test(msg))
          assert.deepEqual(listening.map(({ worker }) => worker).sort(), [1, 2])
        } finally {
          await program.end()
        }
      })

      test('one that is ended is replaced, with its id', async () => {
        const program = Program.start(transport, {})
        try {
          const url = await program.ready()
          const before = await whoAnswers(url, 2)
          process.kill(before.get(2)!.pid, 'SIGKILL')
          await program.said(/^worker 2 is ready/, 2)
          const after = await whoAnswers(url, 2)
          assert.equal(after.get(1)!.pid, before.get(1)!.pid)
          assert.notEqual(after.get(2)!.pid, before.get(2)!.pid)
        } finally {
          await program.end()
        }
      })

      test('drain and end when the process that watches over them is gone', async () => {
        const program = Program.start(transport, {})
        try {
          const url = await program.ready()
          const pids = [...(await whoAnswers(url, 2)).values()].map(({ pid }) => pid)
          const slow = fetch(`${url}/slow`).then((answer) => answer.text())
          await new Promise((resolve) => setTimeout(resolve, 100))
          program.kill('SIGKILL')
          assert.equal(await slow, 'slow')
          await gone(pids)
        } finally {
          await program.end()
        }
      })
    })
  }
})
