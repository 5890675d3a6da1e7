import { connect } from 'node:net'
import { after, describe, test } from 'node:test'
import { type Address, Hotpress, type HotpressOptions } from '../src/index.js'
import { nativeTransport } from '../src/transports/native.js'
import { uwsTransport } from '../src/transports/uws.js'

/** What answers a request in a contract test: Fetch's own types, whatever the transport. */
export interface Client {
  /** Where the app listens; undefined for inject. */
  readonly address: Address | undefined
  readonly transport: 'inject' | 'native' | 'node' | 'uws'
  fetch(path: string, init?: RequestInit & { duplex?: 'half' }): Promise<Response>
}

// Why uws cannot run here; in CI, on a Node that it has a binary for, that is a failure and no skip.
const uwsMissing: string | undefined = await uwsTransport.load()
const hasUwsBinary = ['18', '20', '21', '22'].includes(process.versions.node.split('.')[0]!)
if (uwsMissing !== undefined && hasUwsBinary && process.env.CI === 'true') throw new Error(uwsMissing)

/** The transports that listen, with a reason to skip where one cannot run here. */
export const listeningTransports: readonly {
  readonly name: 'native' | 'node' | 'uws'
  readonly skip: string | false
}[] = [
  { name: 'native', skip: (await nativeTransport.load()) ?? false },
  { name: 'node', skip: false },
  { name: 'uws', skip: uwsMissing ?? false },
]

/**
 * Runs cases against one app on every transport: the app is made and started once for each.
 *
 * @param build registers the routes; called once for each transport.
 * @param cases registers the tests, by node's `test`.
 */
export function onEveryTransport(
  name: string,
  build: (app: Hotpress) => void,
  cases: (client: Client) => void,
  options: HotpressOptions = {},
): void {
  describe(name, () => {
    describe('inject', () => cases(injectClient(build, options)))
    for (const { name: transport, skip } of listeningTransports) {
      if (skip !== false) test(transport, { skip })
      else describe(transport, () => cases(socketClient(transport, build, options)))
    }
  })
}

function makeApp(build: (app: Hotpress) => void, options: HotpressOptions): Hotpress {
  const app = new Hotpress({ logger: false, ...options })
  build(app)
  return app
}

function injectClient(build: (app: Hotpress) => void, options: HotpressOptions): Client {
  const app = makeApp(build, options)
  return {
    address: undefined,
    transport: 'inject',
    async fetch(url, init = {}) {
      // A Request completes headers and encodes bodies as the sockets' clients do.
      const request = new Request(`http://localhost${url}`, init)
      const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer())
      const headers = Object.fromEntries(request.headers)
      const result = await app.inject({ body, headers, method: request.method, url })
      const isNull = [204, 205, 304].includes(result.status)
      return new Response(isNull ? null : Buffer.from(result.body), { headers: result.headers, status: result.status })
    },
  }
}

function socketClient(
  transport: 'native' | 'node' | 'uws',
  build: (app: Hotpress) => void,
  options: HotpressOptions,
): Client {
  const app = makeApp(build, { ...options, transport })
  const started = app.listen()
  let address: Address | undefined
  started.then((taken) => {
    address = taken
  })
  after(() => app.close())
  return {
    get address() {
      return address
    },
    transport,
    async fetch(path, init) {
      const { url } = await started
      return fetch(url + path, { redirect: 'manual', ...init })
    },
  }
}

/** Starts an app on one transport and closes it after the tests of the file. */
export async function start(
  transport: 'native' | 'node' | 'uws',
  build: (app: Hotpress) => void,
  options: HotpressOptions = {},
): Promise<{ readonly address: Address; readonly app: Hotpress }> {
  const app = makeApp(build, { ...options, transport })
  const address = await app.listen()
  after(() => app.close())
  return { address, app }
}

/**
 * Sends bytes as they are and collects what comes back until the server closes, or nothing has come for a while.
 *
 * @param parts written one after the other, a moment apart.
 * @param quiet milliseconds without a byte after which the answer is taken to be over.
 */
export function raw(
  port: number,
  parts: string | Uint8Array | readonly (string | Uint8Array)[],
  quiet = 200,
): Promise<{ readonly closed: boolean; readonly text: string }> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    let timer: NodeJS.Timeout
    const finish = (closed: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ closed, text })
    }
    const wait = (): void => {
      clearTimeout(timer)
      timer = setTimeout(() => finish(false), quiet)
    }
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      wait()
    })
    // A reset is a close; `close` follows.
    socket.on('error', () => {})
    socket.on('close', () => finish(true))
    socket.on('connect', async () => {
      socket.setNoDelay(true)
      wait()
      const all = typeof parts === 'string' || parts instanceof Uint8Array ? [parts] : parts
      for (const [index, part] of all.entries()) {
        if (index > 0) await new Promise((next) => setTimeout(next, 5))
        if (!socket.destroyed) socket.write(part)
      }
    })
  })
}
