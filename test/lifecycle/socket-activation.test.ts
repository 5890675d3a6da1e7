import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { get as getSecurely, Agent as SecureAgent } from 'node:https'
import { createInterface } from 'node:readline'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Hotpress } from '../../src/index.js'
import { says } from '../_says.js'
import { type VariantName, variants } from '../_variants.js'

const program = fileURLToPath(new URL('./_restart-app.js', import.meta.url))
const holderFile = fileURLToPath(new URL('../../../test/lifecycle/_holder.py', import.meta.url))

const skip =
  process.platform === 'win32'
    ? 'there are no descriptors'
    : spawnSync('python3', ['--version']).status !== 0 && 'python3 is not installed'

/** What a service manager is for a socket, and the program that it starts with it. */
interface Holder {
  readonly port: number
  /** Starts the program; resolves to its process id. */
  start(): Promise<number>
  /** Resolves to the exit code of what runs. */
  ended(): Promise<number>
}

async function hold(variant: VariantName): Promise<Holder> {
  const options = JSON.stringify({ drain: 5000, fd: 'systemd' })
  const holder = spawn('python3', [holderFile, process.execPath, program, variant, options], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const closed = once(holder, 'close')
  const lines = createInterface({ input: holder.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<number> => Number((await lines.next()).value)
  const pids: number[] = []
  after(async () => {
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
    }
    holder.stdin.end()
    await closed
  })
  const port = await next()
  return {
    ended: next,
    port,
    async start() {
      holder.stdin.write('start\n')
      const pid = await next()
      pids.push(pid)
      return pid
    },
  }
}

/** The body of the answer, on a connection of its own. */
async function ask(url: string): Promise<string> {
  const asked = url.startsWith('https:')
    ? getSecurely(url, { agent: new SecureAgent(), rejectUnauthorized: false })
    : get(url, { agent: new Agent() })
  const [answer] = await once(asked, 'response')
  let text = ''
  for await (const part of answer.setEncoding('utf8')) text += part
  return text
}

describe('socket activation', { skip, timeout: 60_000 }, () => {
  for (const { name, protocol, skip: missing, transport, version } of variants) {
    if (transport === 'uws' || version === '3' || name.endsWith('+h2')) continue
    test(`${name}: a socket that listens already is served, and outlives who serves it`, {
      skip: missing,
    }, async () => {
      const holder = await hold(name)
      const url = `${protocol}://127.0.0.1:${holder.port}/now`
      // Who comes before there is anybody waits in the queue.
      const early = ask(`${url}/1`)
      const first = await holder.start()
      assert.equal(await early, '1')
      process.kill(first, 'SIGTERM')
      assert.equal(await holder.ended(), 0)
      const between = ask(`${url}/2`)
      const second = await holder.start()
      assert.equal(await between, '2')
      process.kill(second, 'SIGTERM')
      assert.equal(await holder.ended(), 0)
    })
  }

  for (const { listen, name, skip: missing, transport } of variants) {
    test(`${name} takes a descriptor, or says who does`, { skip: missing }, async () => {
      const app = new Hotpress({ logger: false, transport })
      if (transport === 'uws') {
        const text = ['uws cannot honour fd', 'use the transport native']
        await assert.rejects(app.listen({ ...listen, fd: 0 }), says('OPTION_REFUSED', ...text))
      } else if (listen.http3 === true) {
        await assert.rejects(
          app.listen({ ...listen, fd: 0 }),
          says('OPTION_INVALID', 'fd', 'a descriptor beside http3'),
        )
      } else {
        await assert.rejects(app.listen({ ...listen, fd: 9999 }), says('ADDRESS_REFUSED', 'descriptor 9999'))
      }
    })

    if (transport === 'native' && listen.http3 === undefined) {
      test(`${name} takes no descriptor of something else`, { skip: missing }, async () => {
        const fd = openSync('/dev/null', 'r')
        const app = new Hotpress({ logger: false, transport })
        await assert.rejects(app.listen({ ...listen, fd }), says('ADDRESS_REFUSED', `descriptor ${fd}`))
      })
    }
  }
})
