// A receiver of syslog that takes nothing but what RFC 5424 and RFC 6587 allow.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

export interface Message {
  readonly appName: string
  readonly facility: number
  readonly hostname: string
  readonly message: string
  readonly messageId: string
  readonly processId: string
  readonly severity: number
  readonly time: string
}

export interface Receiver {
  readonly address: AddressInfo | string
  readonly messages: Message[]
  close(): Promise<void>
  /** Breaks the connections there are. */
  cut(): void
}

const word = (most: number): string => `([!-~]{1,${most}})`
const grammar = new RegExp(
  `^<(\\d{1,3})>1 (\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{1,6}Z) ${word(255)} ${word(48)} ${word(128)} ${word(32)} - ([\\x20-\\x7e]*)$`,
)

export function parse(text: string): Message {
  const [, priority, time, hostname, appName, processId, messageId, message] =
    grammar.exec(text) ?? assert.fail(`not RFC 5424: ${JSON.stringify(text)}`)
  const value = Number(priority)
  assert.ok(value <= 191 && !Number.isNaN(Date.parse(time!)))
  return {
    appName: appName!,
    facility: value >> 3,
    hostname: hostname!,
    message: message!,
    messageId: messageId!,
    processId: processId!,
    severity: value & 7,
    time: time!,
  }
}

export async function receiveDatagrams(): Promise<Receiver> {
  const socket = createSocket('udp4')
  const messages: Message[] = []
  socket.on('message', (bytes) => messages.push(parse(bytes.toString('latin1'))))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: socket.address() as AddressInfo,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
    cut() {},
    messages,
  }
}

/** @param where a port, or the path of a Unix socket. */
export async function receiveStream(where: number | string, framing: 'newline' | 'octet-counting'): Promise<Receiver> {
  const messages: Message[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let text = ''
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
      for (;;) {
        const taken = framing === 'newline' ? line(text) : counted(text)
        if (taken === undefined) return
        text = text.slice(taken.size)
        messages.push(parse(taken.message))
      }
    })
  })
  if (typeof where === 'number') server.listen(where, '127.0.0.1')
  else server.listen(where)
  await once(server, 'listening')
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    address: server.address()!,
    close: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
    cut,
    messages,
  }
}

interface Taken {
  readonly message: string
  readonly size: number
}

function counted(text: string): Taken | undefined {
  const space = text.indexOf(' ')
  if (space < 0) return undefined
  assert.match(text.slice(0, space), /^[1-9]\d*$/)
  const size = space + 1 + Number(text.slice(0, space))
  return text.length < size ? undefined : { message: text.slice(space + 1, size), size }
}

function line(text: string): Taken | undefined {
  const end = text.indexOf('\n')
  return end < 0 ? undefined : { message: text.slice(0, end), size: end + 1 }
}
