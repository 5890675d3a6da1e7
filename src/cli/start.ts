import { controlAddress } from './control-address.js'
import { fileOf, loadApp } from './load-app.js'
import type { StartOptions } from './orders.js'
import { writePidFile } from './pid-file.js'

/**
 * Runs an app in this process, or in workers where there are several, or somebody is to ask for how they are: this process
 * loads no app then.
 */
export async function start(given: string, options: StartOptions): Promise<void> {
  const { control, delay, drain, host, pidFile, port, transport, workers } = options
  const file = fileOf(given)
  const run = { ...(delay === undefined ? {} : { delay }), ...(drain === undefined ? {} : { drain }), host, port }
  // Its app may be made before anything can be said to it.
  if (transport !== undefined) process.env.HOTPRESS_TRANSPORT = transport
  const where = control === undefined ? undefined : controlAddress(control)
  if (pidFile !== undefined) writePidFile(pidFile)
  if (workers === 1 && where === undefined && pidFile === undefined) {
    const app = await loadApp(file)
    await app.run(run)
    return
  }
  const { startWorkers } = await import('./start-workers.js')
  await startWorkers({ file, run }, { control: where, workers })
}
