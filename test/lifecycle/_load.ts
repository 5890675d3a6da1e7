import { once } from 'node:events'
import { Agent as HttpAgent, request as requestHttp } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectTo } from '../_clients.js'

/** What became of the requests of a load. */
export interface Tally {
  answered: number
  /** Answers that announced the end of their connection. */
  closing: number
  readonly failures: string[]
}

/** One client, which sends one request after the other and keeps its connection for as long as the server does. */
interface LoadClient {
  close(): void
  /** @returns the body, and whether the answer was the last of its connection. */
  send(path: string, body: string | undefined): Promise<{ readonly isLast: boolean; readonly text: string }>
}

/** What a load is made of. */
export interface LoadOptions {
  /** Milliseconds between two requests of a client: each has a longest of its own, up to this. */
  readonly longestPause: number
  readonly url: string
}

/** Ordinary clients under way all the time, each answer of which is counted. */
export class Load {
  #isOver = false
  readonly #running: Promise<void>[] = []
  readonly #tally: Tally = { answered: 0, closing: 0, failures: [] }

  constructor(makers: readonly ((url: string) => LoadClient)[], copies: number, { longestPause, url }: LoadOptions) {
    for (const [kind, make] of makers.entries()) {
      for (let copy = 0; copy < copies; copy++) {
        this.#running.push(this.#run(make(url), `${kind}${copy}`, (longestPause * (copy + 1)) / copies))
      }
    }
  }

  get answered(): number {
    return this.#tally.answered
  }

  /** Resolves when there have been so many answers, or the first failure. */
  async has(answers: number): Promise<void> {
    while (this.#tally.answered < answers && this.#tally.failures.length === 0) await sleep(10)
  }

  async end(): Promise<Tally> {
    this.#isOver = true
    await Promise.all(this.#running)
    return this.#tally
  }

  async #run(client: LoadClient, name: string, pause: number): Promise<void> {
    const tally = this.#tally
    for (let index = 0; !this.#isOver; index++) {
      const number = `${name}-${index}`
      const kind = ['now', 'later', 'parts', 'body'][index % 4]!
      try {
        const { isLast, text } = await client.send(`/${kind}/${number}`, kind === 'body' ? number : undefined)
        if (text === number) tally.answered++
        else tally.failures.push(`${kind} ${number} was answered with ${JSON.stringify(text)}`)
        if (isLast) tally.closing++
      } catch (error) {
        const { cause, message } = error as Error
        tally.failures.push(`${kind} ${number}: ${message} ${cause instanceof Error ? cause.message : ''}`)
      }
      await sleep(Math.random() * pause)
    }
    client.close()
  }
}

/** By node's Fetch, which is undici: its pool is that of the process. */
export function fetchClient(url: string): LoadClient {
  return {
    close() {},
    async send(path, body) {
      const answer = await fetch(url + path, body === undefined ? {} : { body, method: 'POST' })
      return { isLast: answer.headers.get('connection') === 'close', text: await answer.text() }
    },
  }
}

/** By a connection for each request. */
export function freshClient(url: string): LoadClient {
  return agentClient(url, false)
}

/** By an agent of node:http or node:https. */
export function agentClient(url: string, keepAlive = true): LoadClient {
  const isSecure = url.startsWith('https:')
  const options = { keepAlive, maxSockets: 1 }
  const agent = isSecure ? new HttpsAgent({ ...options, rejectUnauthorized: false }) : new HttpAgent(options)
  const ask = isSecure ? requestHttps : requestHttp
  return {
    close: () => agent.destroy(),
    send: (path, body) =>
      new Promise((resolve, reject) => {
        const request = ask(url + path, { agent, method: body === undefined ? 'GET' : 'POST' }, (answer) => {
          let text = ''
          answer.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk
          })
          answer.once('end', () => resolve({ isLast: answer.headers.connection === 'close', text }))
          answer.once('error', reject)
        })
        request.once('error', reject)
        request.end(body)
      }),
  }
}

/** A connection that is written to by hand: it is used again until an answer says that it closes, or it has closed. */
export function rawClient(url: string): LoadClient {
  const { port, protocol } = new URL(url)
  let socket: Socket | undefined
  return {
    close: () => socket?.destroy(),
    async send(path, body) {
      if (socket === undefined || socket.destroyed || socket.readableEnded) {
        socket = await connectTo(Number(port), protocol === 'https:')
        socket.on('error', () => {})
      }
      const used = socket
      const length = body === undefined ? '' : `Content-Length: ${body.length}\r\n`
      used.write(`${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nHost: h\r\n${length}\r\n${body ?? ''}`)
      const answer = await readAnswer(used)
      const isLast = /^connection: close\r$/im.test(answer.head)
      if (isLast) {
        socket = undefined
        used.end()
      }
      return { isLast, text: answer.text }
    },
  }
}

/** A connection of HTTP/2, and the next one when it ends. */
export function http2Client(url: string): LoadClient & {
  try(path: string, body: string | undefined): Promise<{ readonly isLast: boolean; readonly text: string } | undefined>
} {
  let session: ClientHttp2Session | undefined
  const open = async (): Promise<ClientHttp2Session> => {
    const made = connectHttp2(url, { rejectUnauthorized: false })
    made.on('error', () => {})
    await once(made, 'connect')
    return made
  }
  return {
    close: () => session?.destroy(),
    // RFC 9113, 8.7: a stream that was refused has not been looked at, and is sent again. The client refuses by itself what
    // it has not sent when it learns that the connection ends.
    async send(path, body) {
      for (;;) {
        const answer = await this.try(path, body)
        if (answer !== undefined) return answer
      }
    },
    async try(path: string, body: string | undefined) {
      if (session === undefined || session.closed || session.destroyed) session = await open()
      const used = session
      const stream = used.request({ ':method': body === undefined ? 'GET' : 'POST', ':path': path })
      let text = ''
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      // Its close says the same.
      stream.on('error', () => {})
      stream.end(body)
      await new Promise((resolve) => stream.once('close', resolve))
      if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) return undefined
      if (stream.rstCode !== 0) throw new Error(`the stream was reset: ${stream.rstCode}`)
      return { isLast: used.closed, text }
    },
  }
}

async function readAnswer(socket: Socket): Promise<{ readonly head: string; readonly text: string }> {
  let read = ''
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      socket.off('data', onData).off('close', onClose).off('end', onClose)
    }
    const onClose = (): void => {
      finish()
      reject(new Error(`the connection was closed after ${JSON.stringify(read)}`))
    }
    const onData = (chunk: Buffer): void => {
      read += chunk.toString('latin1')
      const end = read.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = `${read.slice(0, end)}\r\n`
      const text = bodyOf(head, read.slice(end + 4))
      if (text === undefined) return
      finish()
      resolve({ head, text })
    }
    socket.on('data', onData).on('close', onClose).on('end', onClose)
  })
}

// Undefined where it has not come whole.
function bodyOf(head: string, rest: string): string | undefined {
  const length = /^content-length: (\d+)\r$/im.exec(head)?.[1]
  if (length !== undefined) return rest.length >= Number(length) ? rest.slice(0, Number(length)) : undefined
  let text = ''
  for (let from = 0; ; ) {
    const end = rest.indexOf('\r\n', from)
    if (end < 0) return undefined
    const size = Number.parseInt(rest.slice(from, end), 16)
    if (rest.length < end + 2 + size + 2) return undefined
    if (size === 0) return text
    text += rest.slice(end + 2, end + 2 + size)
    from = end + 2 + size + 2
  }
}
