import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { temporaryFolder } from './_programs.js'

/** Without a window, and without anything of the internet. */
export const headless: readonly string[] = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--no-first-run',
  '--no-proxy-server',
  '--ignore-certificate-errors',
]

/**
 * Opens a page in Chromium, for as long as something runs.
 *
 * @param work is given the folder of the browser's profile.
 */
export async function withPage<Value>(url: string, work: (profile: string) => Promise<Value>): Promise<Value> {
  const profile = path.join(temporaryFolder(), 'profile')
  const args = [...headless, '--remote-debugging-port=0', `--user-data-dir=${profile}`, url]
  // A group of its own, so that the processes that it starts end with it.
  const child: ChildProcess = spawn('chromium', args, { detached: true, stdio: 'ignore' })
  const end = (): void => {
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
  process.once('exit', end)
  try {
    return await work(profile)
  } finally {
    const isOver = child.exitCode !== null || child.signalCode !== null
    const closed = isOver ? Promise.resolve() : once(child, 'close')
    end()
    process.removeListener('exit', end)
    await closed
  }
}
