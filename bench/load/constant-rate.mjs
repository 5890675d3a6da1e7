import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Failure } from '../lib/failure.mjs'

/** The process that runs open-loop.mjs; one for a whole benchmark, so that its code is compiled when it counts. */
export class ConstantRate {
  // Young garbage is collected about once a second then and not a hundred times, which 99 requests in 100 do not meet.
  #child = fork(fileURLToPath(new URL('open-loop.mjs', import.meta.url)), {
    execArgv: ['--min-semi-space-size=64', '--max-semi-space-size=64'],
  })

  /**
   * @param {import('./open-loop.mjs').Shot} shot
   * @returns {Promise<import('./open-loop.mjs').Hit>}
   */
  async fire(shot) {
    const { leadIn, seconds } = shot
    const answer = once(this.#child, 'message', { signal: AbortSignal.timeout((leadIn + seconds) * 5e3 + 5e3) })
    this.#child.send(shot)
    const [hit] = await answer.catch(() => [{ error: 'it is not done after five times the time that it should take' }])
    if (hit.error !== undefined) throw new Failure(`${shot.rate.toFixed(0)} requests per second: ${hit.error}`)
    return hit
  }

  stop() {
    this.#child.kill()
  }
}
