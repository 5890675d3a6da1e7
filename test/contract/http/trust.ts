import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { Hotpress, type HotpressOptions, type HttpRequest, stream } from '../../../src/index.js'
import { type Client, listeningTransports, onEveryTransport } from '../../_setup.js'
import { assertProblem, linesOf, recorder, soon } from './_tools.js'

interface Seen {
  readonly host: string
  readonly id: string
  readonly ip: string
  readonly peerAddress: string
  readonly protocol: string
}

const seen = ({ host, id, ip, peerAddress, protocol }: HttpRequest): Seen => ({ host, id, ip, peerAddress, protocol })

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const client7 = '203.0.113.7'
/** Whatever a client may send to seem another. */
const spoofed = {
  'cf-connecting-ip': '6.6.6.6',
  'client-ip': '6.6.6.6',
  forwarded: 'for=6.6.6.6;proto=https;host=evil.test',
  'true-client-ip': '6.6.6.6',
  'x-client-ip': '6.6.6.6',
  'x-forwarded': 'for=6.6.6.6',
  'x-forwarded-for': '6.6.6.6',
  'x-forwarded-host': 'evil.test',
  'x-forwarded-proto': 'https',
  'x-forwarded-scheme': 'https',
  'x-forwarded-ssl': 'on',
  'x-real-ip': '6.6.6.6',
  'x-request-id': 'chosen-by-the-client',
}
const proxied = {
  'x-forwarded-for': `6.6.6.6, ${client7}`,
  'x-forwarded-host': 'shop.test:8443',
  'x-forwarded-proto': 'https',
  'x-request-id': 'id-of-the-proxy',
}

async function* parts(): AsyncGenerator<string> {
  yield 'a'
  yield 'b'
}

function build(app: Hotpress): void {
  app.get('/', seen)
  app.get('/later', async (req) => seen(await soon(req)))
  app.get('/plain', () => 'plain')
  app.get('/plain/later', async () => soon('plain'))
  app.get('/stream', () => stream(parts()))
  app.get('/own', () => stream(parts()).header('x-request-id', 'of the handler'))
  app.post('/small', { bodyLimit: 10 }, (req) => req.text())
  app.get('/fails', () => {
    throw new Error('secret')
  })
}

async function ask(client: Client, path: string, headers: Readonly<Record<string, string>>): Promise<Seen> {
  return (await (await client.fetch(path, { headers })).json()) as Seen
}

/** What is believed of a proxy, and from whom an id is taken over. */
export function trustContract(): void {
  untrustedContract('nobody is trusted', {})
  untrustedContract('a peer that is not trusted', { trustProxy: ['10.0.0.0/8', '2001:db8::/32'] })
  untrustedContract('hop-count trust spoofing: a chain that is too short', { trustProxy: 2 })
  trustedContract()
  forwardedContract()
  idsContract()
  generatorContract()
  spellingsContract()
}

function untrustedContract(name: string, options: HotpressOptions): void {
  onEveryTransport(
    name,
    build,
    (client) => {
      for (const path of ['/', '/later']) {
        test(`says nothing that is believed: ${path}`, async () => {
          const { host, id, ip, peerAddress, protocol } = await ask(client, path, spoofed)
          assert.match(host, client.transport === 'inject' ? /^localhost$/ : /^127\.0\.0\.1:\d+$/)
          assert.match(id, uuid)
          assert.deepEqual([ip, peerAddress, protocol], ['127.0.0.1', '127.0.0.1', client.protocol])
        })
      }

      for (const path of ['/plain', '/nowhere']) {
        test(`has no id of its own: ${path}`, async () => {
          assert.match((await client.fetch(path, { headers: spoofed })).headers.get('x-request-id')!, uuid)
        })
      }
    },
    options,
  )
}

function trustedContract(): void {
  onEveryTransport(
    'a trusted proxy',
    build,
    (client) => {
      for (const path of ['/', '/later']) {
        test(`is believed: ${path}`, async () => {
          assert.deepEqual(await ask(client, path, proxied), {
            host: 'shop.test:8443',
            id: 'id-of-the-proxy',
            ip: client7,
            peerAddress: '127.0.0.1',
            protocol: 'https',
          })
        })
      }

      test('that says nothing leaves what the connection says', async () => {
        const { ip, protocol } = await ask(client, '/', {})
        assert.deepEqual([ip, protocol], ['127.0.0.1', client.protocol])
      })

      test('is not believed by headers of another family, which it lets through', async () => {
        const { host, ip, protocol } = await ask(client, '/', { forwarded: spoofed.forwarded })
        assert.deepEqual([ip, protocol], ['127.0.0.1', client.protocol])
        assert.notEqual(host, 'evil.test')
      })

      test('has what is malformed ignored', async () => {
        const { host, ip, protocol } = await ask(client, '/', {
          'x-forwarded-for': `${client7}, ::ffff:127.0.0.2, unknown, 0:0:0:0:0:FFFF:7F00:3`,
          'x-forwarded-host': 'a.test/evil',
          'x-forwarded-proto': 'javascript',
        })
        assert.deepEqual([ip, protocol], ['127.0.0.3', client.protocol])
        assert.doesNotMatch(host, /evil/)
      })

      if (!client.hasWire) return

      test('may add lines of its own behind those of the client', async () => {
        const lines = [
          'Host: a.test',
          'X-Forwarded-For: 6.6.6.6, 7.7.7.7',
          'X-Forwarded-Proto: https',
          'x-forwarded-for: 203.0.113.7',
          'X-FORWARDED-FOR: 127.0.0.9',
          'Connection: close',
        ]
        const { text } = await client.raw(`GET / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
        const told = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as Seen
        assert.deepEqual([told.host, told.ip, told.protocol], ['a.test', client7, 'https'])
      })
    },
    { trustProxy: 'loopback' },
  )
}

function forwardedContract(): void {
  onEveryTransport(
    'a trusted proxy that says Forwarded',
    build,
    (client) => {
      test('is believed, and the other family is not', async () => {
        const forwarded = `for=6.6.6.6, for="[2001:DB8::7]:4711";proto=https;host=shop.test, for="[::ffff:7f00:5]"`
        const { host, ip, protocol } = await ask(client, '/', { ...proxied, forwarded })
        assert.deepEqual([host, ip, protocol], ['shop.test', '2001:db8::7', 'https'])
      })

      test('is not asked for what it leaves to the other family', async () => {
        const { ip, protocol } = await ask(client, '/', proxied)
        assert.deepEqual([ip, protocol], ['127.0.0.1', client.protocol])
      })
    },
    { trustProxy: { from: ['loopback'], header: 'forwarded' } },
  )
}

function idsContract(): void {
  const { entries, logger } = recorder()
  const headers = { 'x-request-id': 'id-of-the-proxy' }

  onEveryTransport(
    'the id of a trusted proxy',
    build,
    (client) => {
      for (const [name, path, method] of [
        ['a text', '/plain'],
        ['a late text', '/plain/later'],
        ['a stream', '/stream'],
        ['a HEAD', '/plain', 'HEAD'],
        ['OPTIONS', '/plain', 'OPTIONS'],
        ['nothing at all', '/nowhere'],
        ['another method', '/plain', 'DELETE'],
      ] as const) {
        test(`is that of the answer to ${name}`, async () => {
          const response = await client.fetch(path, { headers, method: method ?? 'GET' })
          await response.arrayBuffer()
          assert.equal(response.headers.get('x-request-id'), 'id-of-the-proxy')
        })
      }

      for (const [status, path, init] of [
        [404, '/nowhere', {}],
        [405, '/plain', { method: 'DELETE' }],
        [413, '/small', { body: 'more than ten bytes', method: 'POST' }],
        [500, '/fails', {}],
      ] as const) {
        test(`is that of the problem document of a ${status}, and of its log line`, async () => {
          entries.length = 0
          const response = await client.fetch(path, { headers, ...init })
          await assertProblem(response, status, { requestId: 'id-of-the-proxy' })
          for (const { fields } of entries) assert.equal(fields.requestId, 'id-of-the-proxy')
          if (status === 500) assert.equal(entries.length, 1)
        })
      }

      test('gives way to that of the handler', async () => {
        const response = await client.fetch('/own', { headers })
        assert.equal(await response.text(), 'ab')
        assert.equal(response.headers.get('x-request-id'), 'of the handler')
      })

      for (const id of ['two words', 'a;b', '<script>', '{}', 'x'.repeat(129), '"']) {
        test(`is another where it is not well-formed: ${id.slice(0, 10)}`, async () => {
          const response = await client.fetch('/plain', { headers: { 'x-request-id': id } })
          assert.match(response.headers.get('x-request-id')!, uuid)
        })
      }

      test('is made where none was sent, another for each request', async () => {
        const ids = await Promise.all(
          Array.from({ length: 20 }, async () => (await client.fetch('/plain')).headers.get('x-request-id')!),
        )
        for (const id of ids) assert.match(id, uuid)
        assert.equal(new Set(ids).size, 20)
      })

      if (!client.hasWire) return

      test('is another where there are two', async () => {
        const lines = 'Host: a.test\r\nX-Request-ID: one\r\nX-Request-ID: two\r\nConnection: close'
        const { text } = await client.raw(`GET /plain HTTP/1.1\r\n${lines}\r\n\r\n`)
        assert.match(linesOf(text, 'x-request-id').join(), uuid)
      })
    },
    { logger, trustProxy: 'loopback' },
  )
}

function generatorContract(): void {
  const generated = new Set<string>()
  const generate = (): string => {
    const id = `own-${generated.size}`
    generated.add(id)
    return id
  }

  onEveryTransport(
    'ids of a generator of the user',
    build,
    (client) => {
      for (const path of ['/plain', '/plain/later', '/stream', '/nowhere']) {
        test(`are those of answers: ${path}`, async () => {
          const response = await client.fetch(path, { headers: { 'x-request-id': 'sent' } })
          await response.arrayBuffer()
          assert.ok(generated.has(response.headers.get('x-request-id')!))
        })
      }

      test('are what a handler sees', async () => {
        const response = await client.fetch('/')
        const { id } = (await response.json()) as Seen
        assert.ok(generated.has(id))
        assert.equal(response.headers.get('x-request-id'), id)
      })
    },
    { requestId: { generate } },
  )

  onEveryTransport(
    'a generator that splits answers',
    build,
    (client) => {
      test('gives no id', async () => {
        const response = await client.fetch('/plain')
        assert.match(response.headers.get('x-request-id')!, uuid)
        assert.equal(response.headers.has('set-cookie'), false)
      })
    },
    { requestId: { generate: () => 'a\r\nset-cookie: b=c' } },
  )
}

// One socket for both families gives IPv4 addresses in the form of IPv6, each transport in a spelling of its own.
function spellingsContract(): void {
  for (const { name, skip } of listeningTransports) {
    describe(`the address of a peer on ${name}`, { skip }, () => {
      for (const [host, target, address] of [
        ['::', '127.0.0.1', '127.0.0.1'],
        ['::1', '[::1]', '::1'],
      ] as const) {
        for (const trustProxy of [undefined, '127.0.0.0/8'] as const) {
          const title = trustProxy === undefined ? '' : ' with trustProxy'
          test(`${address} is in its one spelling where the socket is ${host}${title}`, async (t) => {
            const app = new Hotpress({ logger: false, transport: name, ...(trustProxy && { trustProxy }) })
            build(app)
            const listening = await app.listen({ host }).catch(() => undefined)
            if (listening === undefined) return t.skip('this machine has no IPv6')
            after(() => app.close())
            const response = await fetch(`http://${target}:${listening.port}/`, { headers: proxied })
            const told = (await response.json()) as Seen
            const isBelieved = trustProxy !== undefined && address === '127.0.0.1'
            assert.deepEqual([told.ip, told.peerAddress], [isBelieved ? client7 : address, address])
          })
        }
      }
    })
  }
}
