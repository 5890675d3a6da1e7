import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Hotpress } from '../../src/index.js'
import { start, type Variant } from '../_setup.js'
import { block, Code, Flag, Frame, FrameClient, frame, get, uint32 } from '../transports/_http2-frames.js'

/** A client that keeps a server busy, or has it keep things, at little cost to itself. */
interface Attack {
  readonly name: string
  /** Sends until the server has had enough. @returns how many requests a handler may have seen. */
  run(client: FrameClient): Promise<unknown>
}

const whole = Flag.endHeaders | Flag.endStream

// Streams of clients are odd.
const id = (index: number): number => index * 2 + 1

const open = (index: number): Buffer => frame(Frame.Headers, whole, id(index), get('/slow'))
const openBody = (index: number): Buffer => frame(Frame.Headers, Flag.endHeaders, id(index), get('/slow'))
const reset = (index: number, code: number): Buffer => frame(Frame.RstStream, 0, id(index), uint32(code))

// Each makes the server reset a stream that the client has not given up (CVE-2025-8671).
const provocations: Readonly<Record<string, (index: number) => Buffer>> = {
  'a body after the end of the request': (index) =>
    Buffer.concat([open(index), frame(Frame.Data, 0, id(index), Buffer.from('x'))]),
  'a window that overflows': (index) =>
    Buffer.concat([open(index), frame(Frame.WindowUpdate, 0, id(index), uint32(0x7fffffff))]),
  'a window update of nothing': (index) =>
    Buffer.concat([open(index), frame(Frame.WindowUpdate, 0, id(index), uint32(0))]),
  'headers after the end of the request': (index) => Buffer.concat([open(index), open(index)]),
}

export const attacks: readonly Attack[] = [
  {
    name: 'rapid reset',
    run: (client) => client.flood(6000, (index) => Buffer.concat([open(index), reset(index, Code.cancel)])),
  },
  {
    name: 'rapid reset with the code for no error',
    run: (client) => client.flood(6000, (index) => Buffer.concat([open(index), reset(index, Code.noError)])),
  },
  ...Object.entries(provocations).map(([name, provoke]) => ({
    name: `MadeYouReset by ${name}`,
    run: (client: FrameClient) => client.flood(6000, provoke),
  })),
  {
    name: 'CONTINUATION without an end',
    run: (client) =>
      client.flood(20_000, (index) =>
        index === 0
          ? frame(Frame.Headers, Flag.endStream, 1, get('/slow'))
          : frame(Frame.Continuation, 0, 1, block(`x-${index}`, 'y'.repeat(1000))),
      ),
  },
  {
    name: 'CONTINUATION without content',
    run: (client) =>
      client.flood(20_000, (index) =>
        index === 0
          ? frame(Frame.Headers, Flag.endStream, 1, get('/slow'))
          : Buffer.concat(Array.from({ length: 10 }, () => frame(Frame.Continuation, 0, 1))),
      ),
  },
  {
    name: 'PING',
    run: (client) =>
      client.flood(5000, () =>
        Buffer.concat(Array.from({ length: 10 }, () => frame(Frame.Ping, 0, 0, Buffer.alloc(8)))),
      ),
  },
  {
    name: 'PING whose answers nobody takes',
    run(client) {
      client.pause()
      return client.flood(5000, () =>
        Buffer.concat(Array.from({ length: 100 }, () => frame(Frame.Ping, 0, 0, Buffer.alloc(8)))),
      )
    },
  },
  {
    name: 'SETTINGS',
    run: (client) =>
      client.flood(5000, () => Buffer.concat(Array.from({ length: 10 }, () => frame(Frame.Settings, 0, 0)))),
  },
  {
    name: 'DATA without content',
    run: (client) =>
      client.flood(5000, (index) =>
        index === 0 ? openBody(0) : Buffer.concat(Array.from({ length: 10 }, () => frame(Frame.Data, 0, 1))),
      ),
  },
  {
    name: 'frames without an order',
    run: (client) => client.flood(5000, (index) => frame(Frame.Data, 0, id(index), Buffer.from('x'))),
  },
]

/** That floods end the connection they come by, and cost the server neither memory nor handlers without end. */
export function http2AttacksContract(variant: Variant): void {
  describe(`floods of HTTP/2 on ${variant.name}`, { skip: variant.skip }, () => {
    let handled = 0
    const build = (app: Hotpress): void => {
      app.get('/', () => 'alive')
      app.get('/slow', async (req) => {
        handled++
        await new Promise<void>((resolve) => req.signal.addEventListener('abort', () => resolve()))
        return 'too late'
      })
    }
    const started = start(variant.name, build)
    const isSecure = variant.protocol === 'https'

    for (const { name, run } of attacks) {
      test(`${name} ends in a closed connection`, { timeout: 30_000 }, async () => {
        const { port } = (await started).address
        const before = { handled, rss: process.memoryUsage().rss }
        const client = await FrameClient.open(port, isSecure)
        after(() => client.close())
        await run(client)
        // What is said last may be under way.
        for (let wait = 0; wait < 200 && !client.isEnded; wait++) {
          await sleep(10)
          // A client that takes nothing sees no end: it is seen by what can be sent no more.
          if (!client.send(frame(Frame.Ping, 0, 0, Buffer.alloc(8))) && client.isClosed) break
        }
        assert.ok(client.isEnded, 'the connection goes on')
        assert.ok(handled - before.handled < 2000, `${handled - before.handled} handlers ran`)
        const grown = process.memoryUsage().rss - before.rss
        assert.ok(grown < 64e6, `${grown} bytes more`)
        client.close()
        const other = await FrameClient.open(port, isSecure)
        other.send(frame(Frame.Headers, whole, 1, get('/')))
        const answer = await other.until(({ stream, type }) => stream === 1 && type === Frame.Data)
        other.close()
        assert.equal(answer?.payload.toString(), 'alive')
      })
    }

    test('a client that behaves goes on', { timeout: 30_000 }, async () => {
      const { port } = (await started).address
      const client = await FrameClient.open(port, isSecure)
      for (let index = 0; index < 500; index++) {
        client.send(frame(Frame.Headers, whole, id(index), get('/')))
        // No more at once than the server takes.
        if (index % 100 === 99) await client.until(({ stream, type }) => stream === id(index) && type === Frame.Data)
      }
      // A page that is left, and a keep-alive.
      for (let index = 500; index < 600; index++) client.send(open(index))
      client.send(frame(Frame.Ping, 0, 0, Buffer.alloc(8)))
      await client.until(({ flags, type }) => type === Frame.Ping && (flags & Flag.ack) !== 0)
      for (let index = 500; index < 600; index++) client.send(reset(index, Code.cancel))
      for (let index = 0; index < 20; index++) client.send(frame(Frame.Ping, 0, 0, Buffer.alloc(8)))
      client.send(frame(Frame.Headers, whole, id(600), get('/')))
      const answer = await client.until(({ stream, type }) => stream === id(600) && type === Frame.Data)
      assert.equal(answer?.payload.toString(), 'alive')
      assert.equal(client.goAway, undefined)
      client.close()
    })
  })
}
