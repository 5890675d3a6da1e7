import type { Socket } from 'node:net'
import { after, describe, test } from 'node:test'
import { type Address, Hotpress, type HotpressOptions, type ListenOptions } from '../src/index.js'
import { connectTo, type FetchInit, type HttpClient, http1Client } from './_clients.js'
import { type HttpVersion, type Variant, type VariantName, variantNamed, variants } from './_variants.js'

export { connectTo, type FetchInit, http1Client, http2Client, http2Session } from './_clients.js'
export { type HttpVersion, tls, type Variant, type VariantName, variantNamed, variants } from './_variants.js'

/** What answers a request in a contract test: Fetch's own types, whatever the transport. */
export interface Client {
  /** Where the app listens; undefined for inject, and until it does. */
  readonly address: Address | undefined
  /** Whether there is a connection that bytes of HTTP/1.1 can be written to, by {@link connect} and {@link raw}. */
  readonly hasWire: boolean
  readonly protocol: 'http' | 'https'
  readonly transport: 'inject' | 'native' | 'node' | 'uws'
  readonly variant: 'inject' | VariantName
  /** Of HTTP. */
  readonly version: HttpVersion
  /** Opens a connection, through the handshake of TLS where there is one. */
  connect(): Promise<Socket>
  fetch(path: string, init?: FetchInit): Promise<Response>
  /** As the function {@link raw}. */
  raw(parts: RawParts, quiet?: number): Promise<RawAnswer>
}

type RawParts = string | Uint8Array | readonly (string | Uint8Array)[]

interface RawAnswer {
  readonly closed: boolean
  readonly text: string
}

/** Those of the variants that are plaintext HTTP/1.1. */
export const listeningTransports: readonly {
  readonly name: 'native' | 'node' | 'uws'
  readonly skip: string | false
}[] = variants
  .filter(({ protocol, version }) => protocol === 'http' && version === '1.1')
  .map(({ skip, transport }) => ({ name: transport, skip }))

/**
 * Runs cases against one app on every transport and by every protocol: the app is made and started once for each
 * variant.
 *
 * @param build registers the routes; called once for each variant.
 * @param cases registers the tests, by node's `test`; called after `build`, before the next.
 * @param order where cases wait rather than work, the variants may run beside each other: if nothing is shared by them but
 * what each call of `build` makes.
 */
export function onEveryTransport(
  name: string,
  build: (app: Hotpress) => void,
  cases: (client: Client) => void,
  options: HotpressOptions = {},
  order: 'beside each other' | 'one after the other' = 'one after the other',
): void {
  describe(name, { concurrency: order === 'beside each other' ? variants.length + 1 : 1 }, () => {
    // Cases of one variant are never run beside each other: else they would be, as their variants are.
    const within = { concurrency: 1 }
    describe('inject', within, () => cases(injectClient(build, options)))
    for (const variant of variants) {
      if (variant.skip !== false) test(variant.name, { skip: variant.skip })
      else describe(variant.name, within, () => cases(socketClient(variant, build, options)))
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
  const noWire = (): never => {
    throw new Error('inject has no wire')
  }
  return {
    address: undefined,
    connect: noWire,
    async fetch(url, { asSent: _, ...init } = {}) {
      // A Request completes headers and encodes bodies as the sockets' clients do.
      const request = new Request(`http://localhost${url}`, init)
      const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer())
      const headers = Object.fromEntries(request.headers)
      const result = await app.inject({ body, headers, method: request.method, url })
      const isNull = [204, 205, 304].includes(result.status)
      return new Response(isNull ? null : Buffer.from(result.body), { headers: result.headers, status: result.status })
    },
    hasWire: false,
    protocol: 'http',
    raw: noWire,
    transport: 'inject',
    variant: 'inject',
    version: '1.1',
  }
}

function socketClient(variant: Variant, build: (app: Hotpress) => void, options: HotpressOptions): Client {
  const { listen, name, protocol, transport, version } = variant
  const app = makeApp(build, { ...options, transport })
  const started = app.listen(listen)
  let address: Address | undefined
  let client: HttpClient | undefined
  const isSecure = protocol === 'https'
  started.then(
    (taken) => {
      address = taken
      client = variant.client?.(taken.url)
    },
    // Whoever asks is told.
    () => {},
  )
  after(async () => {
    // What cases have left unread would be waited for.
    client?.close()
    await app.close()
  })
  return {
    get address() {
      return address
    },
    connect: async () => connectTo((await started).port, isSecure),
    async fetch(path, init) {
      const { url } = await started
      return client === undefined ? plainFetch(url, path, init) : client.fetch(path, init)
    },
    hasWire: version === '1.1',
    protocol,
    raw: async (parts, quiet) => raw((await started).port, parts, quiet, isSecure),
    transport,
    variant: name,
    version,
  }
}

function plainFetch(url: string, path: string, init: FetchInit = {}): Promise<Response> {
  if (init.asSent === true) return http1Client(url).fetch(path, init)
  return fetch(url + path, { redirect: 'manual', ...init })
}

/** Starts an app as one variant has it and closes it after the tests of the file. */
export async function start(
  variant: VariantName,
  build: (app: Hotpress) => void,
  options: HotpressOptions = {},
  listening: ListenOptions = {},
): Promise<{ readonly address: Address; readonly app: Hotpress }> {
  const { listen, transport } = variantNamed(variant)
  const app = makeApp(build, { ...options, transport })
  const address = await app.listen({ ...listen, ...listening })
  after(() => app.close())
  return { address, app }
}

/**
 * Sends bytes as they are and collects what comes back until the server closes, or nothing has come for a while.
 *
 * @param parts written one after the other, a moment apart.
 * @param quiet milliseconds without a byte after which the answer is taken to be over.
 * @param isSecure whether TLS is spoken.
 */
export async function raw(port: number, parts: RawParts, quiet = 200, isSecure = false): Promise<RawAnswer> {
  const socket = await connectTo(port, isSecure).catch(() => undefined)
  if (socket === undefined) return { closed: true, text: '' }
  return new Promise((resolve) => {
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
    socket.on('close', () => finish(true))
    const write = async (): Promise<void> => {
      wait()
      const all = typeof parts === 'string' || parts instanceof Uint8Array ? [parts] : parts
      for (const [index, part] of all.entries()) {
        if (index > 0) await new Promise((next) => setTimeout(next, 5))
        if (!socket.destroyed) socket.write(part)
      }
    }
    write()
  })
}
