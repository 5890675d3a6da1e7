// Benchmarks against peers measured in the same run: `npm run bench -- http` and others, see below; each takes
// --help. The peers have a lockfile of their own in bench/, so that `npm ci` here does not install five frameworks.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { benchFolder, npm } from '../bench/lib/npm.mjs'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const help = `npm run bench -- <benchmark> [options]

  bodies   bodies of requests, and a long upload to a slow handler
  compress compressed answers, and the codecs by themselves
  http     Hotpress and its peers under the same load
  idle     the memory of idle connections
  latency  how late answers are at half load
  observability what it costs a request to be watched
  policies what each policy costs a request
  realtime Socket.IO and WebSockets
  router   the route matchers
  static   a file of 32 KB
  tls      TLS: HTTP/1.1 and HTTP/2, handshakes, idle connections

Options of each: npm run bench -- http --help
Needed for figures that count: wrk (Debian, Ubuntu: apt-get install wrk; Homebrew: brew install wrk).
`

const [name, ...rest] = process.argv.slice(2)
if (
  name === undefined ||
  ![
    'bodies',
    'compress',
    'http',
    'idle',
    'latency',
    'observability',
    'policies',
    'realtime',
    'router',
    'static',
    'tls',
  ].includes(name)
) {
  console.log(help)
  process.exit(name === '--help' || name === '-h' ? 0 : 1)
}
installPeers()
if (isStale('dist/esm/index.js', 'src')) step([path.join(root, 'scripts/build.mjs')])
step([path.join(root, 'bench', `${name}.mjs`), ...rest])

/** Installs the peers when there are none, or others than the lockfile says. */
function installPeers() {
  const lock = path.join(root, 'bench/package-lock.json')
  const installed = path.join(root, 'bench/node_modules/.package-lock.json')
  if (changed(installed) >= changed(lock)) return
  console.error('Installing the peers of the benchmarks in bench/node_modules')
  finish(npm(['ci', '--prefix', benchFolder]))
}

/**
 * @param {string} built a file of the build
 * @param {string} source the folder it is built from
 */
function isStale(built, source) {
  const folder = path.join(root, source)
  const newest = readdirSync(folder, { recursive: true }).map((file) => changed(path.join(folder, String(file))))
  return changed(path.join(root, built)) < Math.max(...newest)
}

/** @param {string} file */
function changed(file) {
  return existsSync(file) ? statSync(file).mtimeMs : 0
}

/** @param {readonly string[]} command */
function step(command) {
  finish(spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' }))
}

/** @param {import('node:child_process').SpawnSyncReturns<Buffer>} result */
function finish({ error, status }) {
  if (error !== undefined) console.error(error.message)
  if (status !== 0) process.exit(status ?? 1)
}
