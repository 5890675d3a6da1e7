/** The variables of a worker's environment. */
export const workerVariables = {
  /** The address of `run()`. */
  host: 'HOTPRESS_WORKER_HOST',
  id: 'HOTPRESS_WORKER_ID',
  /** The port of `run()`, where the program asks for any. */
  port: 'HOTPRESS_WORKER_PORT',
  /** The descriptor of the socket that is held for the worker, where there is one. */
  socket: 'HOTPRESS_WORKER_SOCKET',
  /** The process that has started it: what a worker starts has the variables too, and is no worker. */
  supervisor: 'HOTPRESS_SUPERVISOR_PID',
} as const

// What stands there when the process starts: a supervisor that is gone later makes no other of it.
const id = readId(process.env, process.ppid)

/** @param parent the process that has started this one. */
export function readId(env: NodeJS.ProcessEnv, parent: number): number | undefined {
  if (env[workerVariables.supervisor] !== String(parent)) return undefined
  const value = Number(env[workerVariables.id])
  return Number.isInteger(value) && value > 0 ? value : undefined
}

/**
 * Which of the workers of `app.run({ workers })` this process is: 1 and up, and a worker that takes the place of another has
 * its id. Undefined in the process that watches over them, and where there are none.
 *
 * @example
 * if ((workerId() ?? 1) === 1) everyHour(sendReports)
 */
export function workerId(): number | undefined {
  return id
}
