import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { hostname } from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AccessLogDestination, type AccessLogOptions, Hotpress } from '../../../src/index.js'
import { journalFrame, journalGreeting } from '../../../src/observability/access-log/journald.js'
import { SocketSink } from '../../../src/observability/access-log/socket-sink.js'
import { says } from '../../_says.js'
import { temporaryFolder } from './_process.js'
import { type Receiver, receiveDatagrams, receiveStream } from './_syslog.js'

const noUnix = process.platform === 'win32' && 'there are no such sockets'

function makeApp(destination: AccessLogDestination, more: AccessLogOptions = {}): Hotpress {
  const app = new Hotpress({ accessLog: { destination, flushInterval: 5, format: '%U', ...more }, logger: false })
  app.get('/ok/:id', () => 'x')
  app.get('/broken/:id', () => Promise.reject(new Error('a fault')))
  return app
}

async function received(receiver: Receiver, count: number): Promise<void> {
  for (let left = 1000; left > 0 && receiver.messages.length < count; left--) await sleep(5)
  assert.equal(receiver.messages.length, count)
}

const portOf = ({ address }: Receiver): number => (typeof address === 'string' ? 0 : address.port)

describe('the access log to syslog', () => {
  async function check(receiver: Receiver, syslog: string): Promise<void> {
    const app = makeApp({ appName: 'shop', facility: 'local3', syslog })
    for (let id = 0; id < 20; id++) await app.inject({ url: `/ok/${id}` })
    await app.inject({ url: '/broken/20' })
    await app.inject({ url: '/none/21' })
    await app.close()
    await received(receiver, 22)
    assert.deepEqual(
      receiver.messages.map(({ message }) => message.split('/').at(-1)),
      Array.from({ length: 22 }, (_, id) => String(id)),
    )
    assert.deepEqual([...new Set(receiver.messages.map(({ severity }) => severity))].sort(), [3, 6])
    const { appName, facility, hostname: host, messageId, processId } = receiver.messages[0]!
    assert.deepEqual(
      [appName, facility, host, messageId, processId],
      ['shop', 19, hostname(), 'access', String(process.pid)],
    )
  }

  test('by UDP', async () => {
    const receiver = await receiveDatagrams()
    await check(receiver, `udp://127.0.0.1:${portOf(receiver)}`)
    await receiver.close()
  })

  test('by TCP, each message with its length', async () => {
    const receiver = await receiveStream(0, 'octet-counting')
    await check(receiver, `tcp://127.0.0.1:${portOf(receiver)}`)
    await receiver.close()
  })

  test('by a Unix socket, line by line', { skip: noUnix }, async () => {
    const socket = path.join(temporaryFolder(), 's')
    const receiver = await receiveStream(socket, 'newline')
    await check(receiver, `unix://${socket}`)
    await receiver.close()
  })

  test('a receiver that goes and comes again has what it missed', async () => {
    const receiver = await receiveStream(0, 'octet-counting')
    const port = portOf(receiver)
    const app = makeApp({ syslog: `tcp://127.0.0.1:${port}` })
    await app.inject({ url: '/ok/1' })
    await received(receiver, 1)
    await receiver.close()
    await app.inject({ url: '/ok/2' })
    // Until that line has found nobody: what comes then waits with it.
    await sleep(100)
    const again = await receiveStream(port, 'octet-counting')
    await app.inject({ url: '/ok/3' })
    await app.close()
    // TCP itself may have taken a line before it knew, of which nobody says that it was lost.
    for (let left = 1000; left > 0 && again.messages.at(-1)?.message !== '/ok/3'; left--) await sleep(5)
    assert.equal(again.messages.at(-1)?.message, '/ok/3')
    await again.close()
  })

  test('a closing app does not wait for a receiver that is not there', async () => {
    const receiver = await receiveStream(0, 'octet-counting')
    const port = portOf(receiver)
    await receiver.close()
    const app = makeApp({ syslog: `tcp://127.0.0.1:${port}` })
    await app.inject({ url: '/ok/1' })
    await app.close()
  })

  const python = spawnSync('python3', ['-c', '']).status === 0
  test('a socket for datagrams is refused', {
    skip: process.platform !== 'linux' || (!python && 'no python3'),
  }, async () => {
    const socket = path.join(temporaryFolder(), 'log')
    const program =
      'import socket,sys; s=socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); sys.stdin.read()'
    const child = spawn('python3', ['-c', program, socket], { stdio: ['pipe', 'ignore', 'inherit'] })
    while (!existsSync(socket)) await sleep(5)
    assert.throws(
      () => makeApp({ syslog: `unix://${socket}` }),
      says('OPTION_INVALID', 'a socket for datagrams', 'AF_UNIX'),
    )
    child.stdin.end()
  })
})

// As systemd starts it, on a /run that no other process sees: that takes root, and what Linux has for containers.
const journal = `set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
"$1" >/dev/null 2>&1 &
for _ in $(seq 100); do [ -S /run/systemd/journal/stdout ] && break; sleep 0.05; done
timeout 20 "$2" --input-type=module --eval "$3"
for _ in $(seq 100); do
  journalctl -q -t shop -o cat > /run/lines
  [ "$(wc -l < /run/lines)" -ge 21 ] && break
  sleep 0.05
done
cat /run/lines
echo "errors: $(journalctl -q -t shop -p err -o cat | wc -l)"`

const journald = '/usr/lib/systemd/systemd-journald'
const unshare = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child']
const hasJournal =
  process.getuid?.() === 0 &&
  existsSync(journald) &&
  spawnSync('unshare', [...unshare, 'mount', '-t', 'tmpfs', 'tmpfs', '/run']).status === 0

describe('the access log to the journal', { skip: noUnix }, () => {
  test('is taken by the journal itself', { skip: !hasJournal && 'no journal can be run here' }, () => {
    const program = `
      const { Hotpress } = await import(${JSON.stringify(new URL('../../../src/index.js', import.meta.url).href)})
      const destination = { journald: { identifier: 'shop' } }
      const app = new Hotpress({ accessLog: { destination, format: '%U %s' }, logger: false })
      app.get('/ok/:id', () => 'x')
      app.get('/broken', () => Promise.reject(new Error('a fault')))
      for (let id = 0; id < 20; id++) await app.inject({ url: '/ok/' + id })
      await app.inject({ url: '/broken' })
      await app.close()`
    const { stderr, stdout } = spawnSync(
      'unshare',
      [...unshare, 'bash', '-c', journal, 'journal', journald, process.execPath, program],
      {
        encoding: 'utf8',
        timeout: 60_000,
      },
    )
    const expected = [...Array.from({ length: 20 }, (_, id) => `/ok/${id} 200`), '/broken 500', 'errors: 1', '']
    assert.equal(stdout, expected.join('\n'), stderr)
  })

  test('is a stream as that of standard output, with the priority of each line', async () => {
    const socket = path.join(temporaryFolder(), 'stdout')
    let text = ''
    const sockets: Socket[] = []
    const server = createServer((accepted) => {
      sockets.push(accepted)
      accepted.on('data', (chunk) => {
        text += chunk.toString()
      })
    })
    await new Promise<void>((resolve) => server.listen(socket, resolve))
    const sink = new SocketSink('the journal', { path: socket }, journalGreeting('shop'))
    sink.open()
    await sink.write(Buffer.from(journalFrame('fine', 30) + journalFrame('slow', 40)))
    await sink.write(Buffer.from(journalFrame('broken', 50)))
    await sink.close()
    while (!text.includes('broken')) await sleep(5)
    assert.equal(text, 'shop\n\n6\n1\n0\n0\n0\n<6>fine\n<4>slow\n<3>broken\n')
    await new Promise((resolve) => server.close(resolve))
    assert.equal(sockets.length, 1)
  })
})
