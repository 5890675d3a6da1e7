import { Failure, tellFailure } from './failure.js'
import { loadApp } from './load-app.js'
import type { WorkerOrders } from './orders.js'

/** A worker of the command: loads the app, and runs it. */
export async function main(words: readonly string[]): Promise<void> {
  const { file, run } = JSON.parse(words[2] ?? '') as WorkerOrders
  try {
    const app = await loadApp(file)
    await app.run(run)
  } catch (error) {
    const { code, message, name } = error as Error & { readonly code?: string }
    // What a line is enough for is told by the supervisor.
    if (!(error instanceof Failure) && name !== 'HotpressError') tellFailure(error)
    const { tellFailed } = await import('../lifecycle/workers/in-worker.js')
    await tellFailed({ code, reason: message })
    process.exit(1)
  }
}
