import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { ClientHttp2Session } from 'node:http2'
import type { Duplex } from 'node:stream'
import { type Client, http2Session } from '../_setup.js'

/** One frame, as a server sends it. */
export interface Frame {
  readonly data: Buffer
  readonly fin: boolean
  readonly isCompressed: boolean
  readonly opcode: number
}

/** How a frame is sent that is not what clients send. */
export interface FrameOptions {
  /** Says that there is more data than there is. */
  readonly declared?: number
  readonly fin?: boolean
  readonly masked?: boolean
  /** The three reserved bits. */
  readonly reserved?: number
}

/** What answered a request for a WebSocket. */
export interface Answered {
  readonly headers: Headers
  /** 101 for HTTP/2 too, where it is a 200. */
  readonly status: number
}

export const Opcode = { binary: 2, close: 8, continuation: 0, ping: 9, pong: 10, text: 1 } as const

/** A frame from a client. */
export function frame(opcode: number, data: Uint8Array | string = '', options: FrameOptions = {}): Buffer {
  const { fin = true, masked = true, reserved = 0 } = options
  const body = Buffer.from(data as Uint8Array)
  const size = options.declared ?? body.length
  const head = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10)
  head[0] = (fin ? 0x80 : 0) | (reserved << 4) | opcode
  head[1] = (masked ? 0x80 : 0) | (size < 126 ? size : size < 65_536 ? 126 : 127)
  if (head.length === 4) head.writeUInt16BE(size, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(size), 2)
  if (!masked) return Buffer.concat([head, body])
  const mask = randomBytes(4)
  for (let index = 0; index < body.length; index++) body[index]! ^= mask[index % 4]!
  return Buffer.concat([head, mask, body])
}

/** A close frame. */
export function closeFrame(code?: number, reason: Uint8Array | string = ''): Buffer {
  if (code === undefined) return frame(Opcode.close)
  const head = Buffer.alloc(2)
  head.writeUInt16BE(code)
  return frame(Opcode.close, Buffer.concat([head, Buffer.from(reason as Uint8Array)]))
}

/** A client that sends frames as they are given, and reads them without a judgement. */
export class RawClient {
  readonly #buffered: Frame[] = []
  #data: Buffer = Buffer.alloc(0)
  #isOver = false
  #wake: (() => void) | undefined
  readonly answered: Answered
  readonly duplex: Duplex

  constructor(duplex: Duplex, answered: Answered, rest: Buffer) {
    this.answered = answered
    this.duplex = duplex
    const end = (): void => {
      this.#isOver = true
      this.#wake?.()
    }
    duplex.on('data', (chunk: Buffer) => this.#read(chunk))
    duplex.on('end', end).on('close', end)
    if (rest.length > 0) this.#read(rest)
  }

  /** The code that the server closes with; undefined where it closes without a frame. */
  async closed(): Promise<number | undefined> {
    for (;;) {
      const next = await this.next()
      if (next === undefined) return undefined
      if (next.opcode === Opcode.close) return next.data.length < 2 ? 1005 : next.data.readUInt16BE()
    }
  }

  cut(): void {
    this.duplex.destroy()
  }

  /** Waits for the end of the connection. */
  async ended(): Promise<void> {
    while (!this.#isOver) await this.#stirred()
  }

  /** The next frame; undefined at the end. */
  async next(): Promise<Frame | undefined> {
    while (this.#buffered.length === 0 && !this.#isOver) await this.#stirred()
    return this.#buffered.shift()
  }

  send(...frames: readonly Uint8Array[]): void {
    if (!this.duplex.destroyed) this.duplex.write(Buffer.concat(frames))
  }

  /** The text of the next message. */
  async text(): Promise<string | undefined> {
    return (await this.next())?.data.toString()
  }

  #read(chunk: Buffer): void {
    this.#data = Buffer.concat([this.#data, chunk])
    for (;;) {
      const data = this.#data
      if (data.length < 2) break
      const short = data[1]! & 0x7f
      const start = short === 126 ? 4 : short === 127 ? 10 : 2
      if (data.length < start) break
      const size = short === 126 ? data.readUInt16BE(2) : short === 127 ? Number(data.readBigUInt64BE(2)) : short
      if (data.length < start + size) break
      const first = data[0]!
      this.#buffered.push({
        data: data.subarray(start, start + size),
        fin: (first & 0x80) !== 0,
        isCompressed: (first & 0x40) !== 0,
        opcode: first & 0x0f,
      })
      this.#data = data.subarray(start + size)
    }
    this.#wake?.()
  }

  #stirred(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

/** Whether a variant can have WebSockets here. */
export function hasSockets({ hasWire, variant }: Client): boolean {
  return hasWire ? variant !== 'inject' : variant === 'native+h2' || variant === 'native+h2c'
}

/** Asks for a WebSocket; throws where the answer is none. */
export async function open(
  client: Client,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawClient> {
  const answer = await ask(client, path, headers)
  if (!(answer instanceof RawClient)) throw new Error(`answered with ${answer.status}`)
  return answer
}

/** Asks for a WebSocket. */
export async function ask(
  client: Client,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  lines: readonly string[] = [],
): Promise<Answered | RawClient> {
  // Whoever asks first waits until it listens.
  await client.fetch('/').then((response) => response.text())
  return client.hasWire ? askWire(client, path, headers, lines) : askStream(client, path, headers)
}

async function askWire(
  client: Client,
  path: string,
  headers: Readonly<Record<string, string>>,
  lines: readonly string[],
): Promise<Answered | RawClient> {
  const socket = await client.connect()
  const all: Record<string, string> = {
    connection: 'Upgrade',
    host: `127.0.0.1:${client.address!.port}`,
    'sec-websocket-key': randomBytes(16).toString('base64'),
    'sec-websocket-version': '13',
    upgrade: 'websocket',
    ...headers,
  }
  const given = Object.entries(all).filter(([, value]) => value !== '')
  const text = [...given.map(([name, value]) => `${name}: ${value}`), ...lines].join('\r\n')
  socket.write(`GET ${path} HTTP/1.1\r\n${text}\r\n\r\n`)
  let data: Buffer = Buffer.alloc(0)
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    data = Buffer.concat([data, chunk as Buffer])
    if (data.includes('\r\n\r\n')) break
  }
  const end = data.indexOf('\r\n\r\n')
  const [first = '', ...rows] = data.subarray(0, end).toString('latin1').split('\r\n')
  const found = new Headers()
  for (const row of rows) found.append(row.slice(0, row.indexOf(':')), row.slice(row.indexOf(':') + 1).trim())
  const answered = { headers: found, status: Number(first.split(' ')[1]) }
  if (answered.status === 101) return new RawClient(socket, answered, data.subarray(end + 4))
  socket.destroy()
  return answered
}

const sessions = new Map<string, ClientHttp2Session>()

async function askStream(
  client: Client,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answered | RawClient> {
  const { url } = client.address!
  const session = sessions.get(url) ?? http2Session(url)
  session.unref()
  if (!sessions.has(url)) {
    sessions.set(url, session)
    await once(session, 'remoteSettings')
  }
  const stream = session.request({
    ':method': 'CONNECT',
    ':path': path,
    ':protocol': 'websocket',
    ':scheme': client.protocol,
    'sec-websocket-version': '13',
    ...headers,
  })
  stream.on('error', () => {})
  const [fields] = (await once(stream, 'response')) as [Record<string, string>]
  const found = new Headers()
  for (const [name, value] of Object.entries(fields)) if (!name.startsWith(':')) found.append(name, String(value))
  const status = Number(fields[':status'])
  if (status === 200) return new RawClient(stream, { headers: found, status: 101 }, Buffer.alloc(0))
  stream.destroy()
  return { headers: found, status }
}
