// Pages in Chromium that a test looks at and acts in, by the DevTools protocol.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PNG } from 'pngjs'
import { WebSocket } from 'ws'
import { withPage } from './_chromium.js'

type Params = Readonly<Record<string, unknown>>
type Send = (method: string, params?: Params, session?: string) => Promise<Record<string, unknown>>

/** A page in cookies and storage of its own. */
export interface BrowserPage {
  /** What the page has complained of: its exceptions, and what it was not allowed to load. */
  readonly complaints: readonly string[]
  /** The value of an expression in the page; a promise is waited for. */
  evaluate(expression: string): Promise<unknown>
  /** What is to be seen of an element. */
  picture(selector: string): Promise<PNG>
  send(method: string, params?: Params): Promise<Record<string, unknown>>
  /** Waits until an expression is true in the page. */
  until(expression: string): Promise<void>
}

/** Runs Chromium, for as long as something runs. @param work is given what opens a page. */
export async function withBrowser(work: (open: (url: string) => Promise<BrowserPage>) => Promise<void>): Promise<void> {
  await withPage('about:blank', async (profile) => {
    const socket = new WebSocket(await addressOf(profile), { perMessageDeflate: false })
    await once(socket, 'open')
    const complaints = new Map<unknown, string[]>()
    const send = protocolOf(socket, (session, complaint) => complaints.get(session)?.push(complaint))
    try {
      await work((url) => openPage(send, url, complaints))
    } finally {
      socket.terminate()
    }
  })
}

// Chromium writes the port that it was given there, and the path of its own socket.
async function addressOf(profile: string): Promise<string> {
  for (let tries = 0; tries < 400; tries++) {
    const lines = await readFile(path.join(profile, 'DevToolsActivePort'), 'utf8').catch(() => '')
    const [port, socket] = lines.split('\n')
    if (socket !== undefined) return `ws://127.0.0.1:${port}${socket}`
    await sleep(25)
  }
  return assert.fail('Chromium tells no port')
}

async function openPage(send: Send, url: string, complaints: Map<unknown, string[]>): Promise<BrowserPage> {
  const { browserContextId } = await send('Target.createBrowserContext')
  const { targetId } = await send('Target.createTarget', { browserContextId, url: 'about:blank' })
  const { sessionId } = await send('Target.attachToTarget', { flatten: true, targetId })
  const mine: string[] = []
  complaints.set(sessionId, mine)
  const ask = (method: string, params: Params = {}) => send(method, params, String(sessionId))
  const evaluate = async (expression: string): Promise<unknown> => {
    const { exceptionDetails, result } = (await ask('Runtime.evaluate', {
      awaitPromise: true,
      expression,
      returnByValue: true,
      userGesture: true,
    })) as { exceptionDetails?: unknown; result: { value?: unknown } }
    assert.equal(exceptionDetails, undefined, `${expression}: ${JSON.stringify(exceptionDetails)}`)
    return result.value
  }
  const until = async (expression: string): Promise<void> => {
    for (let tries = 0; tries < 600; tries++) {
      if ((await evaluate(`Boolean(${expression})`)) === true) return
      await sleep(25)
    }
    assert.fail(`${expression} has not come true: ${await evaluate('document.body.innerText')} ${mine.join()}`)
  }
  const picture = async (selector: string): Promise<PNG> => {
    const box = `JSON.stringify(document.querySelector('${selector}').getBoundingClientRect())`
    const { height, width, x, y } = JSON.parse(String(await evaluate(box))) as Record<string, number>
    const clip = { height, scale: 1, width, x, y }
    const { data } = await ask('Page.captureScreenshot', { captureBeyondViewport: true, clip, format: 'png' })
    return PNG.sync.read(Buffer.from(String(data), 'base64'))
  }
  for (const domain of ['Log', 'Page', 'Runtime']) await ask(`${domain}.enable`)
  await ask('Page.navigate', { url })
  await until(`location.href !== 'about:blank' && document.readyState === 'complete'`)
  return { complaints: mine, evaluate, picture, send: ask, until }
}

interface Message {
  readonly error?: { readonly message: string }
  readonly id?: number
  readonly method?: string
  readonly params?: {
    readonly entry?: { readonly level: string; readonly text: string; readonly url?: string }
    readonly exceptionDetails?: { readonly exception?: { readonly description?: string }; readonly text: string }
  }
  readonly result?: Record<string, unknown>
  readonly sessionId?: string
}

function protocolOf(socket: WebSocket, complain: (session: unknown, complaint: string) => void): Send {
  const waiting = new Map<number, (message: Message) => void>()
  let last = 0
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Message
    const { entry, exceptionDetails } = message.params ?? {}
    if (message.id !== undefined) waiting.get(message.id)?.(message)
    if (entry?.level === 'error') complain(message.sessionId, `${entry.text} ${entry.url ?? ''}`)
    if (exceptionDetails !== undefined) {
      complain(message.sessionId, exceptionDetails.exception?.description ?? exceptionDetails.text)
    }
  })
  return (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      const id = ++last
      waiting.set(id, ({ error, result = {} }) => {
        waiting.delete(id)
        if (error === undefined) resolve(result)
        else reject(new Error(`${method}: ${error.message}`))
      })
      socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? undefined : { sessionId }) }))
    })
}
