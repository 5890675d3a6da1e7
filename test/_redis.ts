import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { after } from 'node:test'

// Why tests that need a Redis are skipped; in CI, which installs one, that is a failure and no skip.
const missing = spawnSync('redis-server', ['--version']).error
if (missing !== undefined && process.env.CI === 'true') throw missing

/** The reason to skip where no redis-server is installed; false where there is one. */
export const redisSkip: string | false =
  missing === undefined ? false : `redis-server cannot be run: ${missing.message}`

const started = new Set<RedisServer>()
// Of the file, and not of the hook or test that starts one.
after(() => Promise.all([...started].map((server) => server.remove())))
// A test run that is cut short leaves none behind.
process.once('exit', () => {
  for (const server of started) server.abandon()
})

/** A redis-server of its own, on a free port of the loopback address, that keeps nothing on disk. */
export class RedisServer {
  #process: ChildProcess | undefined
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'hotpress-redis-'))
  readonly port: number

  readonly #options: readonly string[]

  private constructor(port: number, options: readonly string[]) {
    this.#options = options
    this.port = port
  }

  /**
   * Starts one; it is stopped after the tests of the file.
   *
   * @param options of its command line.
   */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options)
    started.add(server)
    await server.start()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Ends it without waiting. */
  abandon(): void {
    this.#process?.kill('SIGKILL')
  }

  /** Goes on after {@link hang}. */
  go(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Makes it stand still, with its connections open. */
  hang(): void {
    this.#process?.kill('SIGSTOP')
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    const gone = once(running, 'exit')
    running.kill('SIGKILL')
    await gone
  }

  /** Ends it for good. */
  async remove(): Promise<void> {
    started.delete(this)
    await this.kill()
    rmSync(this.#folder, { force: true, recursive: true })
  }

  /** Starts it on the same port, empty. */
  async start(): Promise<void> {
    const words = [
      '--port',
      String(this.port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      ...this.#options,
    ]
    const child = spawn('redis-server', [...words, '--dir', this.#folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#process = child
    const said: string[] = []
    for await (const line of createInterface({ input: child.stdout! })) {
      said.push(line)
      if (!line.includes('Ready to accept connections')) continue
      // Nobody reads on, and it must not wait for that.
      child.stdout!.resume()
      return
    }
    throw new Error(`redis-server did not start:\n${said.join('\n')}`)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('no port is free')
  return address.port
}
