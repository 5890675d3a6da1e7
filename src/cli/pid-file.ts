import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Failure } from './failure.js'

/**
 * Writes the number of this process into a file, which goes with the process.
 *
 * @throws Failure where another process that runs is in it, or it cannot be written.
 */
export function writePidFile(file: string): void {
  const text = `${process.pid}\n`
  try {
    writeFileSync(file, text, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw failed(file, 'written', error)
    const pid = pidOf(file)
    if (pid !== undefined && isRunning(pid)) throw new Failure(`process ${pid} of ${file} is running already`)
    // Left by one that was ended by force.
    rmSync(file, { force: true })
    writePidFile(file)
    return
  }
  process.once('exit', () => {
    if (pidOf(file) === process.pid) rmSync(file, { force: true })
  })
}

/**
 * The process whose number is in a file.
 *
 * @throws Failure where there is none that runs.
 */
export function readPidFile(file: string): number {
  const pid = pidOf(file)
  if (pid === undefined) throw new Failure(`there is no process id in ${file}: does it run, and by this file?`)
  if (!isRunning(pid)) throw new Failure(`process ${pid} of ${file} is not running`)
  return pid
}

function failed(file: string, what: string, error: unknown): Failure {
  return new Failure(`${file} cannot be ${what}: ${(error as Error).message}`)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function pidOf(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8').trim())
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw failed(file, 'read', error)
  }
}
