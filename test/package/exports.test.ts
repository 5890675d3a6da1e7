import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import * as esm from 'hotpress'
import * as esmOtel from 'hotpress/otel'
import * as esmClient from 'hotpress/socketio-client'
import { version } from '../../src/version.js'

const require = createRequire(import.meta.url)

// The public names. A change here is a change of the public API: it goes into CHANGELOG.md and the type tests too.
const names = [
  'ContentType',
  'Cookie',
  'CookieKeys',
  'Cors',
  'Hotpress',
  'HotpressError',
  'HttpError',
  'HttpRequest',
  'HttpResponse',
  'MemoryRateLimiter',
  'RedisRateLimiter',
  'RouteGroup',
  'SecurityHeaders',
  'SseChannel',
  'Status',
  'apiKey',
  'basicAuth',
  'bearer',
  'bytes',
  'compression',
  'constant',
  'controller',
  'cors',
  'cspNonce',
  'csrf',
  'empty',
  'file',
  'hashApiKey',
  'hashPassword',
  'health',
  'html',
  'ipFilter',
  'json',
  'jwt',
  'metrics',
  'pathFilter',
  'rateLimit',
  'redirect',
  'redis',
  'requestKey',
  'securityHeaders',
  'sensitivePaths',
  'sse',
  'stream',
  'text',
  'toResponse',
  'traceOf',
  'workerId',
]

const otelNames = ['HotpressError', 'otel']

const clientNames = ['HotpressError', 'connect', 'connectTo', 'connectToWithAuth', 'connectWithAuth']

describe('the package', () => {
  it('exports these names as hotpress/socketio-client, with the same errors', async () => {
    const cjsClient = require('hotpress/socketio-client') as typeof esmClient
    for (const [client, { HotpressError }] of [
      [esmClient, esm],
      [cjsClient, require('hotpress') as typeof esm],
    ] as const) {
      assert.deepEqual(
        Object.keys(client)
          .filter((name) => name !== '__esModule')
          .sort(),
        clientNames,
      )
      assert.equal(client.HotpressError, HotpressError)
      await assert.rejects(client.connect('http://127.0.0.1:1'), { code: 'SOCKETIO_UNREACHABLE' })
    }
  })

  it('exports these names as hotpress/otel, with the same errors', async () => {
    const cjsOtel = require('hotpress/otel') as typeof esmOtel
    for (const [entry, { HotpressError }] of [
      [esmOtel, esm],
      [cjsOtel, require('hotpress') as typeof esm],
    ] as const) {
      assert.deepEqual(
        Object.keys(entry)
          .filter((name) => name !== '__esModule')
          .sort(),
        otelNames,
      )
      assert.equal(entry.HotpressError, HotpressError)
      const set = await entry.otel({ exporter: 'none', sampler: 0 })
      // An app of either copy is traced by it.
      for (const { Hotpress, traceOf } of [esm, require('hotpress') as typeof esm]) {
        const app = new Hotpress({ logger: false, tracing: true })
        app.get('/', (req) => ({ isSampled: traceOf(req)?.isSampled }))
        assert.deepEqual((await app.inject()).json(), { isSampled: false })
      }
      await set.shutdown()
    }
  })

  it('exports these names and no others', () => {
    assert.deepEqual(Object.keys(esm).sort(), names)
  })

  it('exports the same names to require()', () => {
    const cjs = require('hotpress') as object
    assert.deepEqual(
      Object.keys(cjs)
        .filter((name) => name !== '__esModule')
        .sort(),
      names,
    )
  })

  it('takes responses and errors of the other build for its own', async () => {
    const cjs = require('hotpress') as typeof esm
    const securityHeaders = new cjs.SecurityHeaders().frameOptions('DENY')
    const app = new esm.Hotpress({ logger: false, securityHeaders })
    app.get('/response', () => cjs.text('from CommonJS').status(201))
    app.get('/error', () => {
      throw new cjs.HttpError(409, 'taken')
    })
    app.get('/cookie', () => esm.text('x').cookie(new cjs.Cookie('a', 'b').path('/')).cookie('c', 'd'))
    app.get('/file', () => cjs.file('package.json', { type: 'text/x-own' }))
    app.get('/to', () => ({ [cjs.toResponse]: () => 'its own type' }))
    const response = await app.inject({ url: '/response' })
    assert.equal(response.status, 201)
    assert.equal(response.text(), 'from CommonJS')
    assert.equal(response.headers.get('x-frame-options'), 'DENY')
    assert.deepEqual((await app.inject({ url: '/cookie' })).headers.getSetCookie(), ['a=b; Path=/', 'c=d'])
    assert.equal((await app.inject({ url: '/error' })).status, 409)
    const file = await app.inject({ headers: { range: 'bytes=0-0' }, url: '/file' })
    assert.equal(file.text(), '{')
    assert.equal(file.status, 206)
    assert.equal((await app.inject({ url: '/to' })).text(), 'its own type')
  })

  it('serves from CommonJS too, by the native transport of the machine', async () => {
    const cjs = require('hotpress') as typeof esm
    const app = new cjs.Hotpress({ logger: false })
    app.get('/', () => 'ok')
    const { url } = await app.listen()
    const answer = await fetch(url)
    assert.equal(await answer.text(), 'ok')
    await app.close()
  })

  it('loads what workers and the command are made of where they are used', () => {
    for (const format of ['cjs', 'esm']) {
      for (const file of ['index', 'shared']) {
        const text = readFileSync(`dist/${format}/${file}.js`, 'utf8')
        for (const module of ['commander', 'node:cluster']) {
          assert.ok(!text.includes(`"${module}"`), `dist/${format}/${file}.js needs ${module}`)
        }
      }
    }
    const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: { hotpress: string } }
    assert.match(readFileSync(bin.hotpress, 'utf8'), /^#!\/usr\/bin\/env node\n/)
  })

  it('states the version of package.json', () => {
    const { version: stated } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    assert.equal(version, stated)
  })
})
