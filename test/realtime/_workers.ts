import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Socket } from 'socket.io-client'
import type { WorkerOptions } from './_worker-app.js'

/** A process with an app that listens. */
export interface Worker {
  readonly pid: number
  readonly process: ChildProcess
  readonly url: string
}

/** Whom a client is connected to, and how it is seen there. */
export interface Who {
  readonly address: string
  readonly pid: number
}

export const workerFile: string = fileURLToPath(new URL('_worker-app.js', import.meta.url))

/** Starts one; it is ended after the test or hook that does. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const child = fork(workerFile, [JSON.stringify(options)])
  const ended = once(child, 'exit')
  after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const [{ url }] = await Promise.race([
    once(child, 'message'),
    ended.then(([code]) => Promise.reject(new Error(`the process ended with ${code} before it listened`))),
  ])
  return { pid: child.pid!, process: child, url }
}

export function who(client: Socket): Promise<Who> {
  return client.timeout(20_000).emitWithAck('who')
}

/** Waits until all clients hear what one of them has its server say; until processes have met, it may be lost. */
export async function allHear(clients: readonly Socket[], text: string): Promise<void> {
  const heard = clients.map(
    (client) => new Promise<void>((resolve) => client.on('said', (said) => said === text && resolve())),
  )
  const timer = setInterval(() => clients[0]!.emit('say', text), 50)
  await Promise.all(heard)
  clearInterval(timer)
  for (const client of clients) client.off('said')
}
