import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Census, type DrainPlan, total } from '../core/drain.js'
import type { Logger } from '../core/logger.js'
import type { Phase } from '../core/phase.js'
import type { CloseHooks } from './close-hooks.js'
import type { CloseSettings } from './options.js'

/** A listener, as it is drained. */
export interface Drainable {
  count(): Census
  /** @returns what had to be cut off. */
  drain(plan: DrainPlan): Promise<Census>
}

/** What is drained. */
export interface DrainParts {
  readonly hooks: CloseHooks
  readonly log: Logger
  readonly phase: Phase
  /** The app's servers of Socket.IO. */
  readonly sockets: {
    close(): Promise<void>
    /** Disconnects clients, so that they stay away; they have so many milliseconds to take it. */
    disconnect(time: number): Promise<void>
  }
  /** Those that listen, once those that are about to do so. */
  listeners(): Promise<readonly Drainable[]> | readonly Drainable[]
}

/** Milliseconds that clients have to learn that they are to stay away. */
const farewell = 2000

/**
 * Drains an app, and says what became of what was open. It never rejects. Where there is nothing to wait for, no more is
 * accepted when this returns.
 */
export async function drain(parts: DrainParts, settings: CloseSettings): Promise<void> {
  const { hooks, log, phase } = parts
  const begun = performance.now()
  phase.name = 'draining'
  const { delay, reconnect } = settings
  const found = parts.listeners()
  let listeners = found instanceof Promise ? await found : found
  if (delay > 0 && listeners.length > 0) {
    log.info({ delay }, `not ready any more, and serving for another ${delay} ms`)
    await sleep(delay)
    // One may have been closed by itself.
    listeners = await parts.listeners()
  }
  const outcomes: PromiseSettledResult<unknown>[] = []
  if (!reconnect) {
    outcomes.push(...(await Promise.allSettled([parts.sockets.disconnect(Math.min(farewell, settings.drain))])))
  }
  const open = total(listeners.map((listener) => listener.count()))
  // In one breath: who is disconnected finds nobody that accepts.
  const sockets = parts.sockets.close()
  const drained = await Promise.allSettled(listeners.map((listener) => listener.drain(settings)))
  outcomes.push(...drained, ...(await Promise.allSettled([sockets])))
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') log.error({ err: outcome.reason }, 'something could not be closed')
  }
  await hooks.run(log)
  phase.name = 'closed'
  if (listeners.length === 0) return
  const forced = total(drained.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])))
  report(log, open, forced, Math.round(performance.now() - begun))
}

function report(log: Logger, open: Census, forced: Census, milliseconds: number): void {
  const drained = {
    connections: Math.max(0, open.connections - forced.connections),
    requests: Math.max(0, open.requests - forced.requests),
    sockets: Math.max(0, open.sockets - forced.sockets),
  }
  const isWhole = forced.connections + forced.requests + forced.sockets === 0
  const text = `closed after ${milliseconds} ms: ${list(drained)} drained, ${isWhole ? 'none' : list(forced)} forced`
  if (isWhole) log.info({ drained, forced, milliseconds }, text)
  else log.warn({ drained, forced, milliseconds }, text)
}

function list({ connections, requests, sockets }: Census): string {
  return `${several(connections, 'connection')}, ${several(requests, 'request')} and ${several(sockets, 'WebSocket')}`
}

function several(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}
