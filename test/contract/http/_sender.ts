import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { connectTo, http2Session } from '../../_clients.js'
import { Http3Connection } from '../../_http3.js'
import type { HttpVersion } from '../../_setup.js'

interface Upload {
  readonly isChunked: boolean
  readonly path: string
  /** Where the app listens. */
  readonly url: string
  /** Of HTTP. */
  readonly version: HttpVersion
}

/** How much a sender sends. */
export const sent: number = 64 * 1024 ** 2

/** Sends a long body as fast as it is taken, on a thread of its own: a server that reads cannot hold it by being busy. */
export class Sender {
  readonly #worker: Worker

  constructor(upload: Upload) {
    this.#worker = new Worker(fileURLToPath(import.meta.url), { workerData: upload })
  }

  /** Resolves when nothing more has been taken for a while; gives how many bytes that were. */
  async stopped(): Promise<number> {
    const [taken] = await once(this.#worker, 'message')
    return taken as number
  }

  /** Resolves to the answer when all is sent: its status, and its body. */
  async answer(): Promise<string> {
    const [answer] = await once(this.#worker, 'message')
    return answer as string
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}

const block = Buffer.alloc(65_536, 'x')

if (!isMainThread) {
  const upload = workerData as Upload
  if (upload.version === '3') await sendHttp3(upload)
  else if (upload.version === '2') sendHttp2(upload)
  else await sendHttp1(upload)
}

async function sendHttp1({ isChunked, path, url }: Upload): Promise<void> {
  const socket = await connectTo(Number(new URL(url).port), url.startsWith('https:'))
  let answer = ''
  let isOver = false
  socket.setEncoding('latin1').on('data', (part: string) => {
    answer += part
  })
  socket.once('close', () => {
    isOver = true
    parentPort?.postMessage(answer.slice('HTTP/1.1 '.length))
  })
  const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${sent}`
  socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${framing}\r\n\r\n`)
  watch(() => socket.bytesWritten - socket.writableLength)

  const framed = isChunked ? Buffer.concat([Buffer.from('10000\r\n'), block, Buffer.from('\r\n')]) : block
  for (let at = 0; at < sent && !isOver; at += block.length) {
    if (!socket.write(framed)) await new Promise((resolve) => socket.once('drain', resolve))
  }
  if (isChunked) socket.write('0\r\n\r\n')
}

function sendHttp2({ isChunked, path, url }: Upload): void {
  const session = http2Session(url)
  const length = isChunked ? {} : { 'content-length': sent }
  const stream = session.request({ ':method': 'POST', ':path': path, ...length })
  let answer = ''
  let taken = 0
  stream.setEncoding('latin1').on('data', (part: string) => {
    answer += part
  })
  stream.on('response', (headers) => {
    answer += `${headers[':status']} `
  })
  stream.once('close', () => {
    parentPort?.postMessage(answer)
    session.destroy()
  })
  watch(() => taken)
  // Each when the one before has left, within what the server allows.
  const next = (): void => {
    if (taken === sent) {
      stream.end()
      return
    }
    stream.write(block, () => {
      taken += block.length
      next()
    })
  }
  next()
}

async function sendHttp3({ isChunked, path, url }: Upload): Promise<void> {
  const connection = await Http3Connection.open(Number(new URL(url).port))
  const request = connection.request(path, 'POST', isChunked ? [] : [['content-length', String(sent)]])
  let isOver = false
  let taken = 0
  const answered = request.head().then(async ({ status }) => {
    const body = await request.text()
    isOver = true
    parentPort?.postMessage(`${status} ${body}`)
    connection.close()
  })
  watch(() => taken)
  // Each when the one before has left, within what the server allows.
  while (taken < sent && !isOver) {
    await request.data(block)
    taken += block.length
  }
  request.end()
  await answered
}

async function watch(taken: () => number): Promise<void> {
  for (let before = -1, now = 0; now === 0 || now !== before; now = taken()) {
    before = now
    await sleep(300)
  }
  parentPort?.postMessage(taken())
}
