// nginx with TLS on both sides, and as a proxy of gRPC, whose calls end in trailers.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { ClientHttp2Session } from 'node:http2'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { bytes, empty, type Hotpress, stream } from '../../src/index.js'
import { fixturePath } from '../_certificates.js'
import { type HttpClient, http1Client, http2Client } from '../_clients.js'
import { http2Session } from '../_setup.js'
import { freePort, missing, startServer, temporaryFolder } from './_programs.js'
import { certificate, onTargets, type Served, serve } from './_targets.js'

const skip = process.platform === 'linux' ? missing('nginx', '-v') : 'the second loopback address is there on Linux'
const proxy = '127.0.0.2'
const large = randomBytes(2 ** 20)

/** Runs one while the tests of the suite run in which it is called, before apps that listen already. */
function nginx(location: () => string): { readonly url: string } {
  let stop: (() => Promise<void>) | undefined
  let url = ''
  before(async () => {
    const folder = temporaryFolder()
    const port = await freePort()
    const paths = ['client_body', 'fastcgi', 'proxy', 'scgi', 'uwsgi'].map(
      (each) => `${each}_temp_path ${folder}/${each};`,
    )
    const config = `
      daemon off; master_process off; pid ${folder}/pid; error_log stderr;
      events { worker_connections 256; }
      http {
        access_log off; ${paths.join(' ')}
        client_max_body_size 20m;
        server {
          listen 127.0.0.1:${port} ssl http2;
          ssl_certificate ${certificate};
          ssl_certificate_key ${fixturePath('key.pem')};
          ${location()}
        }
      }`
    writeFileSync(path.join(folder, 'conf'), config)
    stop = await startServer('nginx', ['-p', folder, '-c', `${folder}/conf`, '-e', 'stderr'], port)
    url = `https://127.0.0.1:${port}`
  })
  after(() => stop?.())
  return {
    get url() {
      return url
    },
  }
}

function web(app: Hotpress): void {
  app.get('/', ({ ip, peerAddress, protocol, sni }) => ({ ip, peerAddress, protocol, sni }))
  app.get('/large', () => bytes(large))
  app.post('/hash', async (req) => {
    const hash = createHash('sha256')
    for await (const part of req.stream()) hash.update(part)
    return hash.digest('hex')
  })
}

// A message of gRPC: not compressed, its length, and then itself.
function message(content: string): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(Buffer.byteLength(content), 1)
  return Buffer.concat([head, Buffer.from(content)])
}

function rpc(app: Hotpress): void {
  app.post('/test.Echo/Say', async (req) => {
    const asked = Buffer.from(await req.bytes())
    const { length } = asked.subarray(5)
    const parts = async function* (): AsyncGenerator<Buffer> {
      yield message(`${req.header('te')} ${asked.subarray(5)} ${length === asked.readUInt32BE(1)}`)
    }
    return stream(parts())
      .header('Content-Type', 'application/grpc')
      .trailer('grpc-status', '0')
      .trailer('grpc-message', () => 'fine')
  })
  app.post('/test.Echo/Unknown', () =>
    empty().status(200).header('Content-Type', 'application/grpc').header('grpc-status', '12'),
  )
}

interface Called {
  readonly body: Buffer
  readonly headers: Readonly<Record<string, unknown>>
  readonly trailers: Readonly<Record<string, unknown>>
}

async function call(session: ClientHttp2Session, name: string, content: string): Promise<Called> {
  const request = session.request({
    ':method': 'POST',
    ':path': name,
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  let trailers = {}
  request.on('trailers', (fields) => {
    trailers = fields
  })
  request.end(message(content))
  const [headers] = await once(request, 'response')
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  return { body: Buffer.concat(parts), headers, trailers }
}

onTargets('nginx', skip, (transport) => {
  describe('TLS to the app', () => {
    const app: Served = serve(transport, 'tls', web, { bodyLimit: '2mb', trustProxy: proxy })
    const front = nginx(
      () => `
        location / {
          proxy_pass https://127.0.0.1:${app.address.port};
          proxy_bind ${proxy};
          proxy_http_version 1.1;
          proxy_set_header Connection "";
          proxy_set_header Host $http_host;
          proxy_set_header Forwarded "";
          proxy_set_header X-Forwarded-For $remote_addr;
          proxy_set_header X-Forwarded-Proto $scheme;
          proxy_ssl_name localhost;
          proxy_ssl_protocols TLSv1.3;
          proxy_ssl_server_name on;
          proxy_ssl_trusted_certificate ${certificate};
          proxy_ssl_verify on;
        }`,
    )

    for (const [name, make] of [
      ['HTTP/1.1', http1Client],
      ['HTTP/2', http2Client],
    ] as const) {
      describe(`its clients by ${name}`, () => {
        let client: HttpClient
        before(() => {
          client = make(front.url)
        })
        after(() => client.close())

        test('the client is itself, and the certificate was verified', async () => {
          const response = await client.fetch('/')
          const told = { ip: '127.0.0.1', peerAddress: proxy, protocol: 'https', sni: 'localhost' }
          assert.deepEqual(await response.json(), told)
        })

        test('a megabyte down, fifty times at once', async () => {
          const answers = Array.from({ length: 50 }, async () => (await client.fetch('/large')).arrayBuffer())
          for (const answer of await Promise.all(answers)) assert.ok(large.equals(Buffer.from(answer)))
        })

        test('a megabyte up', async () => {
          const response = await client.fetch('/hash', { body: large, method: 'POST' })
          assert.equal(await response.text(), createHash('sha256').update(large).digest('hex'))
        })
      })
    }
  })

  for (const [scheme, listener] of [
    ['grpc', 'cleartext'],
    ['grpcs', 'tls'],
  ] as const) {
    describe(`grpc_pass ${scheme}://`, () => {
      const app: Served = serve(transport, listener, rpc)
      const front = nginx(() => `location / { grpc_pass ${scheme}://127.0.0.1:${app.address.port}; }`)
      let session: ClientHttp2Session
      before(() => {
        session = http2Session(front.url)
      })
      after(() => session.destroy())

      test('a call has its answer and its status', async () => {
        const { body, headers, trailers } = await call(session, '/test.Echo/Say', 'hello')
        assert.equal(headers[':status'], 200)
        assert.equal(headers['content-type'], 'application/grpc')
        assert.deepEqual(body, message('trailers hello true'))
        assert.deepEqual([trailers['grpc-message'], trailers['grpc-status']], ['fine', '0'])
      })

      test('a hundred calls at once', async () => {
        const calls = Array.from({ length: 100 }, (_, at) => call(session, '/test.Echo/Say', String(at)))
        for (const [at, { body, trailers }] of (await Promise.all(calls)).entries()) {
          assert.deepEqual(body, message(`trailers ${at} true`))
          assert.equal(trailers['grpc-status'], '0')
        }
      })

      test('an answer without a message has its status in the head', async () => {
        const { body, headers } = await call(session, '/test.Echo/Unknown', '')
        assert.deepEqual([headers[':status'], headers['grpc-status'], body.length], [200, '12', 0])
      })
    })
  }
})
