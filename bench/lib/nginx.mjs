// nginx as one process of one thread, below this one, which tells the benchmark its CPU time and memory.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { ask } from './contract.mjs'
import { host, serve } from './serve.mjs'

/** A page is what /proc counts memory in. */
const page = 4096

/** What has no place by itself that anybody may write to. */
const temporary = ['client_body', 'fastcgi', 'proxy', 'scgi', 'uwsgi']

/**
 * @param {(port: number) => string} http what stands in the block `http` beside what every benchmark needs
 * @param {{ connections?: number }} [options]
 */
export async function serveNginx(http, { connections = 1024 } = {}) {
  const home = mkdtempSync(path.join(tmpdir(), 'hotpress-nginx-'))
  const port = await freePort()
  writeFileSync(
    path.join(home, 'nginx.conf'),
    `daemon off;
master_process off;
pid ${home}/nginx.pid;
error_log stderr warn;
events { worker_connections ${connections}; }
http {
  ${temporary.map((each) => `${each}_temp_path ${home}/${each};`).join('\n  ')}
  access_log off;
  keepalive_requests 1000000000;
  ${http(port)}
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
  const proc = (/** @type {string} */ file) => readFileSync(`/proc/${nginx.pid}/${file}`, 'utf8').split(' ')
  await serve(
    async () => {
      await ready(port, 100)
      return port
    },
    {
      /** Time on a CPU as the scheduler counts it, in ns, as µs. */
      cpu: () => Number(proc('schedstat')[0]) / 1000,
      /** The second figure of statm is the resident pages. */
      memory: () => Number(proc('statm')[1]) * page,
    },
  )
}

/**
 * A port that is free now; nginx takes it a moment later.
 *
 * @returns {Promise<number>}
 */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, host, () => {
      const address = /** @type {import('node:net').AddressInfo} */ (server.address())
      server.close(() => resolve(address.port))
    })
  })
}

/** Any answer will do: over TLS it is a 400 to plaintext. @param {number} port @param {number} tries */
async function ready(port, tries) {
  try {
    await ask(port, { answer: '', id: '', method: 'GET', path: '/', title: '', type: '' })
  } catch (error) {
    if (tries === 0) throw error
    await setTimeout(20)
    await ready(port, tries - 1)
  }
}
