// nginx as one process of one thread, below this one, which tells the benchmark its CPU time. The settings are those of
// a guide to fast static files: sendfile, no access log, descriptors kept open.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { ask } from '../lib/contract.mjs'
import { host, serve } from '../lib/serve.mjs'
import { folder, name } from '../lib/static-files.mjs'

const home = mkdtempSync(path.join(tmpdir(), 'hotpress-nginx-'))

/** A port that is free now; nginx takes it a moment later. */
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, host, () => {
    const address = /** @type {import('node:net').AddressInfo} */ (server.address())
    server.close(() => resolve(address.port))
  })
})

const temporary = ['client_body', 'fastcgi', 'proxy', 'scgi', 'uwsgi']
writeFileSync(
  path.join(home, 'nginx.conf'),
  `daemon off;
master_process off;
pid ${home}/nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
  ${temporary.map((each) => `${each}_temp_path ${home}/${each};`).join('\n  ')}
  access_log off;
  charset utf-8;
  charset_types text/css;
  keepalive_requests 1000000000;
  open_file_cache max=1000 inactive=60s;
  open_file_cache_valid 1s;
  sendfile on;
  tcp_nopush on;
  types { text/css css; }
  server {
    listen ${host}:${port};
    root ${folder};
    add_header Cache-Control no-cache;
    add_header X-Content-Type-Options nosniff;
  }
}
`,
)

const nginx = spawn('nginx', ['-e', 'stderr', '-p', home, '-c', path.join(home, 'nginx.conf')], {
  stdio: ['ignore', 2, 2],
})
process.on('exit', () => {
  nginx.kill('SIGKILL')
  rmSync(home, { force: true, recursive: true })
})
nginx.on('exit', () => process.exit(1))

/** Time on a CPU as the scheduler counts it, in ns, as µs. */
const cpu = () => Number(readFileSync(`/proc/${nginx.pid}/schedstat`, 'utf8').split(' ')[0]) / 1000

/** @param {number} tries */
async function ready(tries) {
  try {
    await ask(port, { answer: '', id: '', method: 'GET', path: `/${name}`, title: '', type: '' })
  } catch (error) {
    if (tries === 0) throw error
    await setTimeout(20)
    await ready(tries - 1)
  }
}

await serve(
  async () => {
    await ready(100)
    return port
  },
  { cpu },
)
