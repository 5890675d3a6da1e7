import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

interface Upload {
  readonly isChunked: boolean
  readonly path: string
  readonly port: number
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

  /** Resolves to the answer when all is sent. */
  async answer(): Promise<string> {
    const [answer] = await once(this.#worker, 'message')
    return answer as string
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}

if (!isMainThread) await send(workerData as Upload)

async function send({ isChunked, path, port }: Upload): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  let isOver = false
  socket.setEncoding('latin1').on('error', () => {})
  socket.on('data', (part: string) => {
    answer += part
  })
  socket.once('close', () => {
    isOver = true
    parentPort?.postMessage(answer)
  })
  const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${sent}`
  socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${framing}\r\n\r\n`)
  watch(() => socket.bytesWritten - socket.writableLength)

  const block = Buffer.alloc(65_536, 'x')
  const framed = isChunked ? Buffer.concat([Buffer.from('10000\r\n'), block, Buffer.from('\r\n')]) : block
  for (let at = 0; at < sent && !isOver; at += block.length) {
    if (!socket.write(framed)) await new Promise((resolve) => socket.once('drain', resolve))
  }
  if (isChunked) socket.write('0\r\n\r\n')
}

async function watch(taken: () => number): Promise<void> {
  for (let before = -1, now = 0; now === 0 || now !== before; now = taken()) {
    before = now
    await sleep(300)
  }
  parentPort?.postMessage(taken())
}
