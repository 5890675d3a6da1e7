import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { requestContext } from '../../src/core/request.js'
import { Hotpress, type HotpressOptions, type HttpRequest, stream } from '../../src/index.js'
import { connectTo } from '../_clients.js'
import { says } from '../_says.js'
import { listeningTransports } from '../_setup.js'
import { type Variant, variants } from '../_variants.js'
import { type LogEntry, recorder } from '../contract/http/_tools.js'
import { Client, until } from '../transports/_server.js'

/** The text of the summary, which ends every close. */
const isSummary = ({ message }: LogEntry): boolean => message?.startsWith('closed after') === true

interface Census {
  readonly connections: number
  readonly requests: number
  readonly sockets: number
}

function summaryOf(entries: readonly LogEntry[]): {
  readonly drained: Census
  readonly forced: Census
  readonly level: string
  readonly message: string | undefined
} {
  const found = entries.filter(isSummary)
  assert.equal(found.length, 1)
  const { fields, level, message } = found[0]!
  return { drained: fields.drained as Census, forced: fields.forced as Census, level, message }
}

/** A promise, and what fulfils it. */
function gate(): { readonly open: () => void; readonly opened: Promise<void> } {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

function get(url: string, agent: Agent): Promise<{ readonly connection: string | undefined; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      answer.once('end', () => resolve({ connection: answer.headers.connection, text }))
    })
    asked.once('error', reject)
    asked.end()
  })
}

for (const { name: transport, skip } of listeningTransports) {
  describe(`close() on ${transport}`, { skip }, () => {
    const { entries, logger } = recorder()
    const makeApp = (options: HotpressOptions = {}): Hotpress => new Hotpress({ logger, transport, ...options })

    test('turns unready at once, and goes on to accept and to serve for the delay', async () => {
      const app = makeApp().get('/', (req) => requestContext(req as HttpRequest)?.phase?.name)
      assert.equal((await app.inject()).text(), 'starting')
      const { url } = await app.listen()
      const agent = new Agent({ keepAlive: true })
      assert.equal((await get(url, agent)).text, 'ready')
      const closed = app.close({ delay: 2000 })
      for (const with_ of [agent, new Agent()]) {
        const { connection, text } = await get(url, with_)
        assert.equal(text, 'draining')
        if (with_ === agent) assert.notEqual(connection, 'close', 'a load balancer keeps its connections meanwhile')
      }
      await closed
      await assert.rejects(get(url, new Agent()))
      assert.equal((await app.inject()).text(), 'closed')
      agent.destroy()
    })

    test('answers what comes by an idle connection within the grace, as its last', async () => {
      const app = makeApp().get('/', () => 'here')
      const { port } = await app.listen()
      const [used, unused] = [new Client(port), new Client(port)]
      used.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
      await used.answers(1)
      await until(() => !unused.isClosed, 'a connection')
      await sleep(20)
      const closed = app.close({ idleGrace: 3000 })
      await sleep(100)
      for (const client of [used, unused]) {
        assert.equal(client.isClosed, false)
        client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
        await client.closed
        assert.match(client.received.slice(client.received.lastIndexOf('HTTP/1.1 200')), /connection: close\r\n/i)
      }
      await closed
      assert.deepEqual([used.statuses, unused.statuses], [[200, 200], [200]])
    })

    test('closes idle connections when the grace is over', async () => {
      const app = makeApp().get('/', () => 'here')
      const { port } = await app.listen()
      const client = new Client(port)
      client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
      await client.answers(1)
      await app.close({ idleGrace: 100 })
      await client.closed
      assert.deepEqual(client.statuses, [200])
    })

    test('says what it has drained, and what it had to cut', async () => {
      const before = entries.length
      const app = makeApp()
      const { open, opened } = gate()
      app.get('/soon', () => opened.then(() => 'soon'))
      app.get('/never', () => new Promise<string>(() => {}))
      app.get('/stream', () =>
        stream(
          (async function* () {
            for (;;) {
              yield 'x'
              await sleep(20)
            }
          })(),
        ),
      )
      app.ws('/socket', {})
      const { port, url } = await app.listen()
      const [soon, never, endless] = ['/soon', '/never', '/stream'].map((path) => {
        const client = new Client(port)
        client.send(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`)
        return client
      }) as [Client, Client, Client]
      // One that has gone counts no more.
      const gone = new WebSocket(`${url.replace('http', 'ws')}/socket`)
      await once(gone, 'open')
      gone.close()
      await once(gone, 'close')
      const socket = new WebSocket(`${url.replace('http', 'ws')}/socket`)
      const told = once(socket, 'close')
      await once(socket, 'open')
      await endless.answers(1)
      const closed = app.close({ drain: 400 })
      open()
      await closed
      assert.equal((await told)[0], 1001)
      await Promise.all([soon.closed, never.closed, endless.closed])
      assert.match(soon.received, /connection: close\r\n[\s\S]*soon/i)
      assert.equal(never.received, '')
      const { drained, forced, level, message } = summaryOf(entries.slice(before))
      assert.equal(level, 'warn')
      assert.deepEqual(forced, { connections: 2, requests: 2, sockets: 0 }, message)
      assert.deepEqual(drained, { connections: 2, requests: 1, sockets: 1 }, message)
    })

    test('is shared by who asks for it meanwhile, and the app can listen again', async () => {
      const before = entries.length
      const app = makeApp().get('/', () => 'here')
      let hooks = 0
      app.onClose(() => void hooks++)
      const { url } = await app.listen()
      const [first, second] = [app.close({ delay: 1000 }), app.close()]
      await assert.rejects(app.listen(), says('APP_CLOSING', 'listen() came while the app was closing'))
      assert.equal(await (await fetch(url)).text(), 'here')
      await Promise.all([first, second])
      assert.equal(hooks, 1)
      summaryOf(entries.slice(before))
      await app.close()
      assert.equal(hooks, 1, 'there is nothing left to close')
      const again = await app.listen()
      assert.equal(await (await fetch(again.url)).text(), 'here')
      await app.close()
      assert.equal(hooks, 2)
    })

    test('waits for a listener that closes already', async () => {
      const app = makeApp()
      const { open, opened } = gate()
      const arrived = gate()
      app.get('/', () => {
        arrived.open()
        return opened.then(() => 'in time')
      })
      const server = await app.listen()
      const answer = fetch(server.url)
      await arrived.opened
      const closed = [server.close({ drain: '20s' }), app.close()].map(async (closing) => {
        await closing
        return requests
      })
      let requests = 'open'
      setTimeout(() => {
        requests = 'answered'
        open()
      }, 50)
      assert.equal(await (await answer).text(), 'in time')
      assert.deepEqual(await Promise.all(closed), ['answered', 'answered'])
    })

    test('takes along what is about to listen', async () => {
      const app = makeApp().get('/', () => 'here')
      const listening = app.listen()
      await app.close()
      await assert.rejects(fetch((await listening).url))
      assert.deepEqual(app.capabilities().transports, [])
    })
  })
}

for (const variant of variants) {
  test(`a request is answered while the app on ${variant.name} drains`, { skip: variant.skip, timeout: 30_000 }, () =>
    drainOne(variant),
  )
}

async function drainOne({ client: makeClient, listen, protocol, transport, version }: Variant): Promise<void> {
  const { entries, logger } = recorder()
  const app = new Hotpress({ logger, transport })
  const { open, opened } = gate()
  const arrived = gate()
  app.get('/', () => {
    arrived.open()
    return opened.then(() => 'in time')
  })
  const { port, url } = await app.listen(listen)
  const client = makeClient?.(url)
  after(() => client?.close())
  const answer = client === undefined ? fetch(url) : client.fetch('/')
  await arrived.opened
  const closed = app.close({ drain: '20s', idleGrace: 50 })
  await sleep(100)
  if (version !== '3') await assert.rejects(connectTo(port, protocol === 'https'))
  open()
  assert.equal(await (await answer).text(), 'in time')
  await closed
  const { drained, forced } = summaryOf(entries)
  assert.deepEqual(forced, { connections: 0, requests: 0, sockets: 0 })
  assert.deepEqual([drained.connections, drained.requests], [1, 1])
}

describe('hooks of onClose()', () => {
  test('run one after the other, the last first, when nothing is served any more', async () => {
    const { entries, logger } = recorder()
    const app = new Hotpress({ logger }).get('/', () => 'here')
    const { url } = await app.listen()
    const told: string[] = []
    app.onClose(async () => {
      await sleep(5)
      told.push(`first, ${(await fetch(url).catch(() => undefined))?.status ?? 'nobody there'}`)
    })
    app.onClose(function failing() {
      told.push('second')
      throw new Error('as asked')
    })
    app.onClose(() => void told.push('third'))
    await app.close()
    assert.deepEqual(told, ['third', 'second', 'first, nobody there'])
    const [failure, summary] = entries.slice(-2)
    assert.deepEqual([failure?.level, failure?.message], ['error', 'the function failing of onClose() failed'])
    assert.equal((failure?.fields.err as Error).message, 'as asked')
    assert.ok(isSummary(summary!))
  })

  test('are not waited for beyond their time', async () => {
    const { entries, logger } = recorder()
    const app = new Hotpress({ logger })
    const told: unknown[] = []
    app.onClose(() => void told.push('after it'))
    app.onClose(
      function hanging(signal) {
        signal.addEventListener('abort', () => told.push((signal.reason as Error).message))
        return new Promise(() => {})
      },
      { timeout: 20 },
    )
    await app.close()
    const text = 'the function hanging of onClose() has not ended within 20 ms: nobody waits for it any more'
    assert.deepEqual(told, [text, 'after it'])
    assert.deepEqual(
      entries.map(({ level, message }) => [level, message]),
      [['error', text]],
      'and there is no summary of what has not listened',
    )
  })
})
