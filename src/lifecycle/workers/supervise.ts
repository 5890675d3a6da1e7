import type { Logger } from '../../core/logger.js'
import { HotpressError } from '../../errors.js'
import type { CloseSettings } from '../options.js'
import type { ProcessWatch } from '../process-watch.js'
import type { WorkersSettings } from '../workers-options.js'
import { ControlServer, type WriteMetrics } from './control.js'
import type { WorkerAddress } from './messages.js'
import type { BindShared } from './port-sockets.js'
import { Supervisor, several } from './supervisor.js'
import { watchTerminal } from './terminal.js'

/** An app that workers serve, as the process that watches over them has it. */
export interface SupervisedApp {
  /** Where workers are to listen. */
  readonly address: { readonly host: string; readonly port: number }
  /** Binds a socket to an IP address and a port that others may bind too; undefined where that cannot be. */
  readonly bind: BindShared | undefined
  readonly close: CloseSettings
  /** Whether others may have the port already. */
  readonly isShared: boolean
  readonly log: Logger
  readonly signals: readonly NodeJS.Signals[]
  readonly workers: WorkersSettings
  /** Called by signals; is to call {@link Supervision.close}. */
  end(): Promise<void>
  /** The most milliseconds that this takes beside its workers' part. */
  time(): number
  readonly writeMetrics: WriteMetrics
}

/** Workers that have been started. */
export interface Supervision {
  /** Has all workers drain and end. */
  close(settings: CloseSettings): Promise<void>
  /** Lets go of the process. */
  leave(): void
}

/** Whether this process has workers: they run all of the program, and a second app of it would have others do so too. */
let isSupervising = false

/**
 * Starts workers and has the process end with them: signals drain all, SIGHUP restarts them one after the other, the
 * service manager is told of it.
 *
 * @param onBegin given what closes them, before there are any.
 * @throws HotpressError `ADDRESS_IN_USE`, `ADDRESS_REFUSED`, `OPTION_INVALID`, `WORKERS_SERVE`, `WORKER_FAILED`
 */
export async function supervise(
  app: SupervisedApp,
  watch: ProcessWatch,
  onBegin: (supervision: Supervision) => void,
): Promise<WorkerAddress> {
  if (isSupervising) {
    const reason = 'those of another app run the whole program, and this app in it'
    throw new HotpressError('WORKERS_SERVE', { call: 'run()', reason })
  }
  isSupervising = true
  const { log, workers } = app
  let status = ''
  let isClean = true
  let control: ControlServer | undefined
  const supervisor = new Supervisor({
    ...app,
    onHopeless: () => watch.end(1),
    onReload: (isUnderWay) => (isUnderWay ? watch.reloading() : watch.ready(status, log)),
  })
  const endWithTerminal = watchTerminal()
  const onHangup = (): void => {
    endWithTerminal()
    // What goes wrong is told by the log.
    supervisor.reload().catch(() => {})
  }
  // Those of access logs, which this process has none of.
  const onReopen = (): void => supervisor.reopen()
  const stopWatching = watch.add({
    close: async () => {
      await app.end()
      return isClean ? 0 : 1
    },
    force: () => supervisor.kill(),
    log,
    signals: app.signals,
    time: () => app.time() + supervisor.time,
  })
  const supervision: Supervision = {
    async close(settings) {
      isClean = await supervisor.close(settings)
      await control?.close()
    },
    leave() {
      isSupervising = false
      process.off('SIGHUP', onHangup)
      process.off('SIGUSR2', onReopen)
      stopWatching()
    },
  }
  onBegin(supervision)
  process.on('SIGHUP', onHangup)
  process.on('SIGUSR2', onReopen)
  try {
    if (workers.control !== undefined) control = await ControlServer.listen(workers.control, supervisor, app)
    const address = await supervisor.start()
    status = `${several(workers.count)} listening on ${address.url}`
    log.info({ transport: address.transport, workers: workers.count }, status)
    watch.ready(status, log)
    return address
  } catch (error) {
    // By a signal: nothing has failed, and nobody needs to be told.
    if (watch.isEnding) return new Promise(() => {})
    await control?.close()
    supervision.leave()
    throw error
  }
}
