// Real proxies before the app, configured as docs/proxies.md says; skipped where they are not installed.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TransportName } from '../../src/core/settings.js'
import { Hotpress, type HotpressOptions } from '../../src/index.js'
import { listeningTransports } from '../_setup.js'
import { recorder } from '../contract/http/_tools.js'

// The proxy's own address, so that the client's is another: any of 127.0.0.0/8 will do, on Linux without further ado.
const proxy = '127.0.0.2'

function missing(command: string, flag: string): string | false {
  if (process.platform !== 'linux') return 'the second loopback address is there on Linux'
  const { error } = spawnSync(command, [flag])
  // CI installs them.
  if (error !== undefined && process.env.CI === 'true') throw error
  return error === undefined ? false : `${command} is not installed`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Runs a proxy until the tests of the file are over. */
async function run(command: string, config: string, args: (folder: string) => string[], port: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'hotpress-proxy-'))
  writeFileSync(path.join(folder, 'conf'), config.replaceAll('@folder@', folder))
  const child: ChildProcess = spawn(command, args(folder), { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr!.on('data', (chunk) => {
    said += chunk
  })
  after(async () => {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { force: true, recursive: true })
  })
  for (let tries = 0; !(await answers(port)); tries++) {
    assert.ok(child.exitCode === null && tries < 400, `${command} does not listen: ${said}`)
    await sleep(25)
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => resolve(false))
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

async function start(transport: TransportName, options: HotpressOptions): Promise<number> {
  const app = new Hotpress({ logger: false, transport, ...options })
  app.get('/', ({ host, id, ip, peerAddress, protocol }) => ({ host, id, ip, peerAddress, protocol }))
  const { port } = await app.listen()
  after(() => app.close())
  return port
}

const spoofed = {
  forwarded: 'for=6.6.6.6;proto=https;host=evil.test',
  'x-forwarded-for': '6.6.6.6, 127.0.0.2',
  'x-forwarded-host': 'evil.test',
  'x-forwarded-proto': 'https',
  'x-request-id': 'chosen-by-the-client',
}

async function seen(port: number): Promise<Record<string, string>> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: spoofed })
  const told = (await response.json()) as Record<string, string>
  assert.equal(told.id, response.headers.get('x-request-id'))
  assert.notEqual(told.id, 'chosen-by-the-client')
  return told
}

describe('behind nginx', { skip: missing('nginx', '-v') }, () => {
  for (const { name, skip } of listeningTransports) {
    test(`the client is itself, whatever it says: ${name}`, { skip }, async () => {
      const app = await start(name, { trustProxy: proxy })
      const port = await freePort()
      const paths = ['client_body', 'fastcgi', 'proxy', 'scgi', 'uwsgi'].map(
        (each) => `${each}_temp_path @folder@/${each};`,
      )
      const config = `
        daemon off; master_process off; pid @folder@/pid; error_log stderr;
        events { worker_connections 64; }
        http {
          access_log off; ${paths.join(' ')}
          server {
            listen 127.0.0.1:${port};
            location / {
              proxy_pass http://127.0.0.1:${app};
              proxy_bind ${proxy};
              proxy_http_version 1.1;
              proxy_set_header Connection "";
              proxy_set_header Host $http_host;
              proxy_set_header Forwarded "";
              proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
              proxy_set_header X-Forwarded-Host $http_host;
              proxy_set_header X-Forwarded-Proto $scheme;
              proxy_set_header X-Request-ID $request_id;
            }
          }
        }`
      await run('nginx', config, (folder) => ['-p', folder, '-c', `${folder}/conf`, '-e', 'stderr'], port)
      const { id, ...rest } = await seen(port)
      assert.match(id!, /^[0-9a-f]{32}$/)
      assert.deepEqual(rest, { host: `127.0.0.1:${port}`, ip: '127.0.0.1', peerAddress: proxy, protocol: 'http' })
    })
  }
})

describe('behind HAProxy', { skip: missing('haproxy', '-v') }, () => {
  for (const { name, skip } of listeningTransports) {
    test(`the client is itself, whatever it says: ${name}`, { skip }, async () => {
      const app = await start(name, { trustProxy: proxy })
      const port = await freePort()
      const config = `
defaults
  mode http
  timeout client 5s
  timeout connect 5s
  timeout server 5s
listen web
  bind 127.0.0.1:${port}
  http-request del-header Forwarded
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(Host)]
  http-request set-header X-Forwarded-Proto https if { ssl_fc }
  http-request set-header X-Forwarded-Proto http if !{ ssl_fc }
  http-request set-header X-Request-ID %[uuid()]
  server app 127.0.0.1:${app} source ${proxy}
`
      await run('haproxy', config, (folder) => ['-db', '-f', `${folder}/conf`], port)
      const { id, ...rest } = await seen(port)
      assert.match(id!, /^[0-9a-f-]{36}$/)
      assert.deepEqual(rest, { host: `127.0.0.1:${port}`, ip: '127.0.0.1', peerAddress: proxy, protocol: 'http' })
    })

    if (name === 'uws') continue
    for (const version of ['send-proxy', 'send-proxy-v2', 'send-proxy-v2 check-send-proxy check inter 20ms']) {
      test(`that speaks the PROXY protocol (${version}): ${name}`, { skip }, async () => {
        const { entries, logger } = recorder()
        const app = await start(name, { logger, proxyProtocol: proxy })
        const port = await freePort()
        const config = `
defaults
  mode tcp
  timeout client 5s
  timeout connect 5s
  timeout server 5s
listen app
  bind 127.0.0.1:${port}
  server app 127.0.0.1:${app} source ${proxy} ${version}
`
        await run('haproxy', config, (folder) => ['-db', '-f', `${folder}/conf`], port)
        const { host, ip, peerAddress, protocol } = await seen(port)
        assert.deepEqual([ip, peerAddress, protocol], ['127.0.0.1', '127.0.0.1', 'http'])
        assert.equal(host, `127.0.0.1:${port}`)
        // Its checks are connections of its own, and in order.
        if (version.includes('check')) await sleep(100)
        assert.deepEqual(
          entries.filter(({ level }) => level === 'warn'),
          [],
        )
      })
    }
  }
})
