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
const holderFile = fileURLToPath(new URL('../../../test/lifecycle/_held-socket.py', import.meta.url))

const skip =
  process.platform === 'win32'
    ? 'there are no descriptors'
    : spawnSync('python3', ['--version']).status !== 0 && 'python3 is not installed'

/** What a service manager is for a socket: it runs the program with it, and again each time that it ends. */
interface Holder {
  readonly port: number
  /** Ends it, and resolves to whether all that it has run has ended well. */
  end(): Promise<boolean>
  /** Resolves to the process id of the next that runs. */
  next(): Promise<number>
}

async function hold(variant: VariantName): Promise<Holder> {
  const options = JSON.stringify({ drain: 5000, fd: 'systemd' })
  const holder = spawn('python3', [holderFile, process.execPath, program, variant, options], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(holder, 'exit')
  const end = async (): Promise<boolean> => {
    holder.stdin.end()
    return (await exited)[0] === 0
  }
  after(end)
  const lines = createInterface({ input: holder.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<number> => Number((await lines.next()).value)
  return { end, next, port: await next() }
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
      // Who comes while nobody accepts waits in the queue.
      const early = ask(`${url}/1`)
      const first = await holder.next()
      assert.equal(await early, '1')
      process.kill(first, 'SIGTERM')
      await holder.next()
      assert.equal(await ask(`${url}/2`), '2')
      assert.equal(await holder.end(), true)
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
