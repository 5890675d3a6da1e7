// Which time must be longer than which, over all files: the table of docs/deployment.md.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { readSettings } from '../../deploy/example/src/settings.js'
import { timeOf } from './_bound.js'
import { deployed, environmentOf, readUnit } from './_units.js'

/** Of the defaults, that of the transport node: the shortest. */
const shortestIdle = 5000
const requestTimeout = 30_000

describe('the times of the files', () => {
  const nginx = readFileSync(deployed('nginx.conf'), 'utf8')
  const times = (name: string): number[] => {
    const found = [...nginx.matchAll(new RegExp(`^ *${name} (\\w+);`, 'gm'))].map(([, time]) => timeOf(time!))
    assert.notEqual(found.length, 0, name)
    return found
  }
  const settings = {
    'its defaults': readSettings({}),
    'under systemd': readSettings(environmentOf(readUnit('hotpress.service'))),
  }

  for (const [where, { app, run }] of Object.entries(settings)) {
    test(`nginx closes idle connections before the example does: ${where}`, () => {
      const idle = app.idleTimeout === undefined ? shortestIdle : timeOf(String(app.idleTimeout))
      for (const kept of times('keepalive_timeout')) {
        assert.ok(kept < idle)
        assert.ok(kept < timeOf(String(run.idleGrace)))
      }
    })

    test(`what is idle has gone before what is under way is cut: ${where}`, () => {
      assert.ok(timeOf(String(run.idleGrace)) < timeOf(String(run.drain)))
    })
  }

  test('nginx waits for longer than the example is ever silent', () => {
    const silence = /idleTimeout: '(\w+)'/.exec(readFileSync(deployed('example/src/app.ts'), 'utf8'))
    for (const wait of times('proxy_read_timeout')) {
      assert.ok(wait > timeOf(silence![1]!))
      assert.ok(wait > requestTimeout)
    }
  })
})
