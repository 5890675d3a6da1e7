// What metrics and diagnostics channels tell of requests, on every transport and by every protocol.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Hotpress, HttpError, metrics, type RequestEvents, requestKey, stream, text } from '../../../src/index.js'
import { type Client, onEveryTransport } from '../../_setup.js'
import { type Family, parseExposition, sampleOf } from '../../observability/_exposition-parser.js'

const count = 'http_server_request_duration_seconds_count'

const plan = requestKey<string>('plan')

let latest: Hotpress

async function* failing(): AsyncGenerator<string> {
  yield 'a part'
  await sleep(1)
  throw new Error('the source has failed')
}

function build(app: Hotpress): void {
  latest = app
  const measured = metrics({ labels: { plan, tenant: (request) => request.header('x-tenant') }, process: false })
  app.metrics(measured).get('/measured', measured.handler)
  app.get('/users/:id', ({ params }) => params.id)
  app.get('/later', async (request) => {
    await sleep(5)
    request.set(plan, 'gold')
    return 'later'
  })
  app.get('/version', ({ httpVersion }) => httpVersion)
  app.post('/echo', async (request) => text(await request.text()))
  app.get('/refused', () => {
    throw new HttpError(418, 'no')
  })
  app.get('/failing', () => stream(failing()))
}

function cases(client: Client): void {
  const app = latest

  // The end of a request may be counted a moment after its client has the answer.
  async function until(found: (families: Map<string, Family>) => boolean): Promise<Map<string, Family>> {
    for (let left = 400; left > 0; left--) {
      const families = parseExposition(await (await client.fetch('/measured')).text(), 'prometheus')
      if (found(families)) return families
      await sleep(5)
    }
    throw new Error('it was not counted')
  }

  test('a request knows which HTTP it has come by', async () => {
    assert.equal(await (await client.fetch('/version')).text(), client.version)
  })

  test('requests are counted, by route, status and protocol', async () => {
    for (const path of ['/users/1', '/users/2', '/refused', '/nowhere']) await (await client.fetch(path)).text()
    await (await client.fetch('/echo', { body: 'twelve bytes', method: 'POST' })).text()
    const own = { network_protocol_version: client.version, url_scheme: client.protocol }
    const families = await until((found) => sampleOf(found, count, { http_route: '/echo' }) === 1)
    assert.equal(sampleOf(families, count, { ...own, http_response_status_code: '200', http_route: '/users/:id' }), 2)
    assert.equal(sampleOf(families, count, { ...own, http_response_status_code: '418', http_route: '/refused' }), 1)
    assert.equal(sampleOf(families, count, { ...own, http_response_status_code: '404' }), 1)
    const echo = { http_request_method: 'POST', http_route: '/echo' }
    assert.equal(sampleOf(families, 'http_server_request_body_size_bytes_sum', echo), 12)
    assert.equal(sampleOf(families, 'http_server_response_body_size_bytes_sum', echo), 12)
    assert.ok(sampleOf(families, 'http_server_active_requests')! >= 1)
  })

  test('a request whose answer is not whole is counted as aborted', async () => {
    await client.fetch('/failing').then(
      (answer) => answer.text().catch(() => {}),
      () => {},
    )
    const failed = { error_type: 'aborted', http_response_status_code: '200', http_route: '/failing' }
    await until((families) => sampleOf(families, count, failed) === 1)
    assert.equal(app.stats().requests?.aborted, 1)
  })

  test('labels are there though the request is over', async () => {
    await (await client.fetch('/later', { headers: { 'x-tenant': 'acme' } })).text()
    await until((families) => sampleOf(families, count, { http_route: '/later', plan: 'gold', tenant: 'acme' }) === 1)
  })

  test('methods that nobody knows', async () => {
    for (const method of ['FROB', 'FROBNICATE']) await client.fetch('/users/1', { method }).catch(() => {})
    const families = await until(() => true)
    assert.ok(!JSON.stringify([...families]).includes('FROB'))
  })

  test('stats() has what is counted', async () => {
    const { connections, connectionsBy, memory, requests } = app.stats()
    assert.ok(requests!.total > 5 && requests!.byStatus['2xx'] > 3 && requests!.byStatus['4xx'] >= 2)
    assert.ok(requests!.latency.p50 > 0 && requests!.latency.p50 <= requests!.latency.p999)
    assert.ok(requests!.perSecond > 0 && memory.rss > 1e6)
    if (client.transport === 'inject') assert.deepEqual([connections, connectionsBy], [0, {}])
    else assert.deepEqual(Object.keys(connectionsBy), [client.transport])
  })

  test('connections are counted by transport', async () => {
    if (client.transport === 'inject') return
    const families = await until(() => true)
    assert.ok(sampleOf(families, 'hotpress_connections', { transport: client.transport })! >= 1)
  })

  test('what is no request is counted too, where a transport tells of it', async () => {
    if (client.variant !== 'native') return
    assert.match((await client.raw('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')).text, /^HTTP\/1.1 400 /)
    await until(
      (families) => (sampleOf(families, 'hotpress_refused_total', { status: '400', transport: 'native' }) ?? 0) > 0,
    )
  })

  test('diagnostics channels tell of requests, while somebody listens', async () => {
    const told: string[] = []
    const names = ['abort', 'end', 'error', 'start'] as const
    const hear = names.map((name) => {
      const channel = `hotpress:request:${name}` as const
      const on = (event: unknown): void => {
        const { error, request, response } = event as RequestEvents['hotpress:request:error']
        if (request.path === '/measured') return
        const status = response === undefined ? '' : ` ${response.statusCode}`
        told.push(`${name} ${request.path}${status}${error === undefined ? '' : ` ${(error as Error).message}`}`)
      }
      subscribe(channel, on)
      return () => unsubscribe(channel, on)
    })
    const heard = async (last: string): Promise<void> => {
      for (let left = 400; left > 0 && !told.includes(last); left--) await sleep(5)
    }
    try {
      await (await client.fetch('/users/1')).text()
      await heard('end /users/1 200')
      await (await client.fetch('/refused')).text()
      await heard('end /refused 418')
      await client.fetch('/failing').then(
        (answer) => answer.text().catch(() => {}),
        () => {},
      )
      await heard('end /failing 200')
    } finally {
      for (const stop of hear) stop()
    }
    await (await client.fetch('/users/2')).text()
    assert.deepEqual(told, [
      'start /users/1',
      'end /users/1 200',
      'start /refused',
      'error /refused 418 no',
      'end /refused 418',
      'start /failing',
      'abort /failing 200',
      'end /failing 200',
    ])
  })
}

/** Requests are counted and told of alike, on every transport. */
export function metricsContract(): void {
  onEveryTransport('metrics', build, cases)
}
