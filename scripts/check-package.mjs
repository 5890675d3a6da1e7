// Packs the project as it would be published, installs the archive in an empty folder and uses it as a newcomer would:
// by import, by require, with the types of both, and with the native core. No install script may be needed.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
const folder = mkdtempSync(path.join(tmpdir(), 'hotpress-package-'))

try {
  for (const name of ['install', 'postinstall', 'preinstall', 'prepare']) {
    if (name in manifest.scripts) fail(`package.json has an install script: ${name}`)
  }
  run('npm', ['pack', '--silent', '--pack-destination', folder], root)
  const archive = readdirSync(folder).find((file) => file.endsWith('.tgz'))
  writeFileSync(path.join(folder, 'package.json'), '{"private":true,"type":"module"}\n')
  run('npm', ['install', '--ignore-scripts', '--silent', `./${archive}`], folder)
  run('npm', ['install', '--ignore-scripts', '--silent', '@types/node@20'], folder)
  useIt()
  useCommand()
  missIt()
  run(
    'npm',
    ['install', '--ignore-scripts', '--silent', `socket.io-client@${manifest.peerDependencies['socket.io-client']}`],
    folder,
  )
  useClient()
  const telemetry = Object.keys(manifest.peerDependencies).filter((name) => name.startsWith('@opentelemetry/'))
  // As on the oldest Node that is supported: the range of each peer takes later ones too.
  const versions = telemetry.map((name) => `${name}@${manifest.devDependencies[name]}`)
  run('npm', ['install', '--ignore-scripts', '--silent', ...versions], folder)
  useTracing()
  checkTypes()
  console.log(`the package installs and works: ${archive}`)
} finally {
  rmSync(folder, { force: true, recursive: true })
}

function useIt() {
  const body = `
const app = new Hotpress({ logger: false })
app.get('/users/:id', (req) => ({ id: req.params.id }))
app.listen().then(async ({ transport, url }) => {
  const answer = await fetch(url + '/users/7')
  const { kind, reason } = app.capabilities().native
  console.log(answer.status, await answer.text(), kind, reason ?? '', transport)
  await app.close()
})
`
  writeFileSync(path.join(folder, 'use.mjs'), `import { Hotpress } from 'hotpress'\n${body}`)
  writeFileSync(path.join(folder, 'use.cjs'), `const { Hotpress } = require('hotpress')\n${body}`)
  const isNative = process.platform === 'linux' && process.arch === 'x64'
  for (const file of ['use.mjs', 'use.cjs']) {
    const said = run(process.execPath, [file], folder).trim()
    if (!said.startsWith('200 {"id":"7"}')) fail(`${file} said: ${said}`)
    if (isNative && !said.includes(' native ')) fail(`${file} did not load the native core: ${said}`)
  }
}

// By the name that npm gives it, with workers: of an ES module, and of CommonJS.
function useCommand() {
  const bin = path.join(folder, 'node_modules/.bin/hotpress')
  const version = run(bin, ['--version'], folder).trim()
  if (version !== manifest.version) fail(`hotpress --version said: ${version}`)
  const body = "app.get('/', () => ({ worker: workerId() }))\n"
  const made = 'const app = new Hotpress()\n'
  writeFileSync(
    path.join(folder, 'app.mjs'),
    `import { Hotpress, workerId } from 'hotpress'\n${made}${body}export { app }\n`,
  )
  writeFileSync(
    path.join(folder, 'app.cjs'),
    `const { Hotpress, workerId } = require('hotpress')\n${made}${body}module.exports = app\n`,
  )
  writeFileSync(
    path.join(folder, 'command.mjs'),
    `import { spawn } from 'node:child_process'
const [bin, file] = process.argv.slice(2)
const child = spawn(process.execPath, [bin, 'start', file, '--port', '0', '--workers', '2'], { stdio: ['ignore', 'pipe', 'inherit'] })
const limit = setTimeout(() => child.kill('SIGKILL'), 30_000)
let text = ''
for await (const chunk of child.stdout) {
  text += chunk
  const url = /"msg":"2 workers listening on (http:[^"]+)"/.exec(text)?.[1]
  if (url === undefined) continue
  const { worker } = await (await fetch(url)).json()
  child.kill('SIGTERM')
  child.once('exit', (code) => {
    clearTimeout(limit)
    console.log(worker >= 1 && worker <= 2, code)
  })
  break
}
child.stdout.resume()
`,
  )
  if (process.platform === 'win32') return
  for (const file of ['app.mjs', 'app.cjs']) {
    const said = run(process.execPath, ['command.mjs', bin, file], folder).trim()
    if (said !== 'true 0') fail(`hotpress start ${file} --workers 2 said: ${said}`)
  }
}

// With what it asks for beside it: by both ways, and to the same error as the main entry's.
function useClient() {
  const body = `
connect('http://127.0.0.1:1').catch((error) => console.log(error.code, error instanceof HotpressError))
`
  for (const extension of ['cjs', 'mjs']) {
    const file = `client.${extension}`
    const load = (what, from) =>
      extension === 'mjs' ? `import { ${what} } from '${from}'\n` : `const { ${what} } = require('${from}')\n`
    const lines = load('connect', 'hotpress/socketio-client') + load('HotpressError', 'hotpress')
    writeFileSync(path.join(folder, file), `${lines}${body}`)
    const said = run(process.execPath, [file], folder).trim()
    if (said !== 'SOCKETIO_UNREACHABLE true') fail(`${file} said: ${said}`)
  }
}

// With the SDK beside it: by both ways, spans of an app of either.
function useTracing() {
  const body = `
const ended = []
const processor = { forceFlush: async () => {}, onEnd: (span) => ended.push(span.name), onStart() {}, shutdown: async () => {} }
otel({ exporter: 'none', spanProcessors: [processor] }).then(async (telemetry) => {
  const app = new Hotpress({ logger: false, tracing: true })
  app.get('/users/:id', (req) => String(traceOf(req).isSampled))
  const said = (await app.inject({ url: '/users/7' })).text()
  await telemetry.shutdown()
  console.log(said, ended.join())
})
`
  for (const extension of ['cjs', 'mjs']) {
    const file = `tracing.${extension}`
    const load = (what, from) =>
      extension === 'mjs' ? `import { ${what} } from '${from}'\n` : `const { ${what} } = require('${from}')\n`
    const lines = load('Hotpress, traceOf', 'hotpress') + load('otel', 'hotpress/otel')
    writeFileSync(path.join(folder, file), `${lines}${body}`)
    const said = run(process.execPath, [file], folder).trim()
    if (said !== 'true GET /users/:id') fail(`${file} said: ${said}`)
  }
}

// What only some apps need is not installed with it, and said to be missing where it is used.
function missIt() {
  const body = `
const limiter = new RedisRateLimiter({ url: 'redis://localhost' })
const policy = { algorithm: 'sliding-window', limit: 1, name: 'a', window: 1000 }
limiter.consume('a', 1, policy).catch(({ code, message }) => console.log(code, message))
`
  writeFileSync(path.join(folder, 'miss.mjs'), `import { RedisRateLimiter } from 'hotpress'\n${body}`)
  writeFileSync(path.join(folder, 'miss.cjs'), `const { RedisRateLimiter } = require('hotpress')\n${body}`)
  for (const file of ['miss.mjs', 'miss.cjs']) {
    const said = run(process.execPath, [file], folder).trim()
    if (!/^PACKAGE_MISSING .*npm install ioredis$/.test(said)) fail(`${file} said: ${said}`)
  }
  const connecting = "connect('http://127.0.0.1:1').catch(({ code, message }) => console.log(code, message))\n"
  writeFileSync(path.join(folder, 'client.mjs'), `import { connect } from 'hotpress/socketio-client'\n${connecting}`)
  writeFileSync(
    path.join(folder, 'client.cjs'),
    `const { connect } = require('hotpress/socketio-client')\n${connecting}`,
  )
  for (const file of ['client.mjs', 'client.cjs']) {
    const said = run(process.execPath, [file], folder).trim()
    if (!/^PACKAGE_MISSING .*npm install socket.io-client$/.test(said)) fail(`${file} said: ${said}`)
  }
  const tracing = `
try { new Hotpress({ tracing: true }) } catch ({ code, message }) { console.log(code, message) }
otel().catch(({ code, message }) => console.log(code, message))
`
  writeFileSync(
    path.join(folder, 'tracing.mjs'),
    `import { Hotpress } from 'hotpress'\nimport { otel } from 'hotpress/otel'\n${tracing}`,
  )
  writeFileSync(
    path.join(folder, 'tracing.cjs'),
    `const { Hotpress } = require('hotpress')\nconst { otel } = require('hotpress/otel')\n${tracing}`,
  )
  for (const file of ['tracing.mjs', 'tracing.cjs']) {
    const said = run(process.execPath, [file], folder).trim().split('\n')
    if (said.length !== 2 || !said.every((line) => /^PACKAGE_MISSING .*npm install @opentelemetry\/api$/.test(line))) {
      fail(`${file} said: ${said.join('\n')}`)
    }
  }
}

function checkTypes() {
  const lines = "app.get('/users/:id', (req) => req.params.id.toUpperCase())\n"
  const client =
    "connect<{ said(text: string): void }>('http://a').then((socket) => socket.on('said', (text) => text.trim()))\n"
  const telemetry = 'const options: OtelOptions = { sampler: 0.1 }\notel(options).then(({ flush }) => flush())\n'
  writeFileSync(
    path.join(folder, 'a.mts'),
    `import { Hotpress } from 'hotpress'\nimport { otel, type OtelOptions } from 'hotpress/otel'\nimport { connect } from 'hotpress/socketio-client'\nexport const app: Hotpress = new Hotpress()\n${lines}${client}${telemetry}`,
  )
  writeFileSync(
    path.join(folder, 'b.cts'),
    `import hotpress = require('hotpress')\nimport { connect } from 'hotpress/socketio-client'\nconst app = new hotpress.Hotpress()\n${lines}${client}`,
  )
  const tsc = createRequire(import.meta.url).resolve('typescript/package.json')
  const options = ['--module', 'nodenext', '--strict', '--noEmit', '--target', 'es2022', '--types', 'node']
  run(process.execPath, [path.join(path.dirname(tsc), 'bin/tsc'), ...options, 'a.mts', 'b.cts'], folder)
}

function fail(message) {
  throw new Error(message)
}

function run(command, words, cwd) {
  try {
    return execFileSync(command, words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    return fail(`${command} ${words.join(' ')} failed:\n${error.stdout}${error.stderr}`)
  }
}
