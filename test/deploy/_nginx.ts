import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { fixturePath } from '../_certificates.js'
import { freePort, missing, startServer, temporaryFolder } from '../interop/_programs.js'

const file = fileURLToPath(new URL('../../../deploy/nginx.conf', import.meta.url))

/** Why tests with it are skipped. */
export const nginxMissing: string | false =
  process.platform === 'linux' ? missing('nginx', '-v') : 'the loopback addresses are there on Linux'

/** Where nginx is. */
export interface Front {
  readonly http: string
  readonly https: string
  stop(): Promise<void>
}

/**
 * Starts nginx by the very file that users copy, with ports, paths and servers of its own.
 *
 * @param servers the processes behind it, as `host:port`.
 * @param edits what else is another in the file.
 */
export async function startNginx(
  servers: readonly string[],
  edits: readonly (readonly [from: string, to: string])[] = [],
): Promise<Front> {
  const folder = temporaryFolder()
  const [http, https] = [await freePort(), await freePort()]
  let config = readFileSync(file, 'utf8')
  const replace = (from: string, to: string): void => {
    assert.ok(config.includes(from), `${from} is in the file`)
    config = config.replaceAll(from, to)
  }
  const paths = ['client_body', 'fastcgi', 'proxy', 'scgi', 'uwsgi'].map(
    (each) => `${each}_temp_path ${folder}/${each};`,
  )
  replace('user www-data;', 'daemon off; master_process off;')
  replace('worker_processes auto;', '')
  replace('pid /run/nginx.pid;', `pid ${folder}/pid;`)
  replace('error_log /var/log/nginx/error.log warn;', 'error_log stderr;')
  replace('access_log /var/log/nginx/access.log app;', `access_log ${folder}/access.log app; ${paths.join(' ')}`)
  replace('worker_rlimit_nofile 20000;', '')
  replace('worker_connections 16384;', 'worker_connections 512;')
  replace('listen 80;', `listen 127.0.0.1:${http};`)
  replace('listen [::]:80;', '')
  replace('listen 443 ssl http2;', `listen 127.0.0.1:${https} ssl http2;`)
  replace('listen [::]:443 ssl http2;', '')
  replace('/etc/nginx/tls/fullchain.pem', fixturePath('cert.pem'))
  replace('/etc/nginx/tls/privkey.pem', fixturePath('key.pem'))
  const lines = ['server 127.0.0.1:3001 max_fails=0;', 'server 127.0.0.1:3002 max_fails=0;'] as const
  replace(lines[0], servers.map((server) => `server ${server} max_fails=0;`).join('\n'))
  replace(lines[1], '')
  for (const [from, to] of edits) replace(from, to)
  writeFileSync(path.join(folder, 'conf'), config)
  const stop = await startServer('nginx', ['-p', folder, '-c', `${folder}/conf`, '-e', 'stderr'], https)
  return { http: `http://127.0.0.1:${http}`, https: `https://127.0.0.1:${https}`, stop }
}
