// slowhttptest (Debian: slowhttptest): clients that send a head or a body by drops, or hardly take their answer. Ordinary
// ones must not notice. Where the program is not there, a client of ours does the same.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { bytes, type Hotpress } from '../../src/index.js'
import { listeningTransports, start } from '../_setup.js'
import { missing, run } from './_programs.js'

const isThere = missing('slowhttptest', '-h') === false

const slow = 300
const seconds = 15
/** More than the systems' buffers hold. */
const large = new Uint8Array(16 * 1024 ** 2)

interface Attack {
  readonly args: readonly string[]
  /** What is sent at first, and then every second. */
  readonly first: string
  readonly next: string
  readonly path: string
}

const attacks: Readonly<Record<string, Attack>> = {
  'slow bodies': {
    args: ['-B', '-i', '1', '-s', '1000000', '-x', '2'],
    first: 'POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n',
    next: 'x',
    path: '/body',
  },
  'slow heads': {
    args: ['-H', '-i', '1', '-x', '2'],
    first: 'GET / HTTP/1.1\r\nHost: localhost\r\n',
    next: 'X-A: b\r\n',
    path: '/',
  },
  'slow readings': {
    args: ['-X', '-n', '1', '-w', '10', '-y', '20', '-z', '8'],
    first: 'GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n',
    next: '',
    path: '/large',
  },
}

function build(app: Hotpress): void {
  app.get('/', () => 'ok')
  app.get('/large', () => bytes(large))
  app.post('/body', async (req) => String((await req.bytes()).byteLength))
  app.health()
}

async function ours(port: number, { first, next }: Attack): Promise<void> {
  const ends: (() => void)[] = []
  for (let count = 0; count < slow; count++) {
    const socket = connect(port, '127.0.0.1').pause()
    socket.on('error', () => {}).write(first)
    const timer = setInterval(() => next !== '' && !socket.destroyed && socket.write(next), 1000)
    ends.push(() => {
      clearInterval(timer)
      socket.destroy()
    })
  }
  await sleep(seconds * 1000)
  for (const end of ends) end()
}

async function theirs(url: string, { args, path }: Attack): Promise<void> {
  const bounds = ['-c', String(slow), '-r', '150', '-l', String(seconds), '-p', '5']
  const { stdout } = await run('slowhttptest', [...args, ...bounds, '-u', url + path])
  const told = [...stripVTControlCharacters(stdout).matchAll(/service available: +(\w+)/g)].map(([, word]) => word)
  assert.ok(told.length > 0 && told.every((word) => word === 'YES'), stdout)
}

for (const { name, skip } of listeningTransports) {
  describe(`slow clients on ${name}`, { skip }, () => {
    for (const [what, attack] of Object.entries(attacks)) {
      test(`${slow} ${what} keep nobody from being served`, async () => {
        // What uws has of its own is 10 s.
        const times = name === 'uws' ? {} : { readTimeout: '5s', writeTimeout: '5s' }
        const { address } = await start(name, build, { maxConnections: 1000, ...times })
        const { port, url } = address
        let isOver = false
        const attacked = (isThere ? theirs(url, attack) : ours(port, attack)).finally(() => {
          isOver = true
        })
        let answered = 0
        while (!isOver) {
          const answers = await Promise.all(['/', '/healthz', '/readyz'].map((path) => fetch(url + path)))
          for (const answer of answers) assert.equal(answer.status, 200)
          await Promise.all(answers.map((answer) => answer.text()))
          answered += answers.length
          await sleep(5)
        }
        await attacked
        assert.ok(answered > 0)
        // Who was slow has left nothing behind.
        const socket = connect(port, '127.0.0.1')
        socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
        const [chunk] = (await once(socket, 'data')) as [Buffer]
        assert.match(chunk.toString(), /^HTTP\/1\.1 200 /)
      })
    }
  })
}
