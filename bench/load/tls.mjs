// Load over TLS: wrk for HTTP/1.1, h2load (nghttp2) for HTTP/2, and for HTTP/3 where it was built with it. Both are
// written in C and have one thread here. What they may negotiate is in the file that OPENSSL_CONF names.
import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Failure } from '../lib/failure.mjs'
import { pinned } from '../lib/pin.mjs'
import { clientEnvironment, group, suite, uploadFile } from '../lib/tls-files.mjs'
import { duration, parse } from './wrk.mjs'

const run = promisify(execFile)
const uploadScript = fileURLToPath(new URL('upload.lua', import.meta.url))

/**
 * @typedef {import('../lib/tls-contract.mjs').Protocol} Protocol
 *
 * @typedef {object} Shot
 * @property {number} connections
 * @property {boolean} isUpload sends `uploadFile`
 * @property {number} port
 * @property {string} path
 * @property {number} seconds
 * @property {number} streams at once on each connection; HTTP/1.1 has one
 *
 * @typedef {object} Fired
 * @property {string[]} failures in the generator's words
 * @property {number} latency µs, the mean
 * @property {number} requests answered
 * @property {number} seconds
 *
 * @typedef {(shot: Shot) => Promise<Fired>} Fire
 */

/**
 * The generators that are here, by protocol, with a line for what is not.
 *
 * @returns {Partial<Record<Protocol, { fire: Fire, name: string }>>}
 */
export function tlsLoads() {
  const environment = { ...process.env, ...clientEnvironment(), BENCH_BODY_FILE: uploadFile }
  const wrk = spawnSync('wrk', ['-v'], { encoding: 'utf8' })
  const h2load = spawnSync('h2load', ['--help'], { encoding: 'utf8' })
  /** @type {ReturnType<typeof tlsLoads>} */
  const loads = {}
  if (wrk.error === undefined) {
    loads.h1 = { fire: (shot) => fireWrk(shot, environment), name: /^wrk \S+/.exec(wrk.stdout)?.[0] ?? 'wrk' }
  } else {
    console.error('Without HTTP/1.1 under load: no wrk on the PATH (Debian, Ubuntu: apt-get install wrk)')
  }
  if (h2load.error !== undefined) {
    console.error('Without HTTP/2 under load: no h2load on the PATH (Debian, Ubuntu: apt-get install nghttp2-client)')
    return loads
  }
  const { stdout } = spawnSync('h2load', ['--version'], { encoding: 'utf8' })
  const name = stdout.trim()
  loads.h2 = { fire: (shot) => fireH2load(shot, 'h2', environment), name }
  if (/--h3\b/.test(h2load.stdout)) loads.h3 = { fire: (shot) => fireH2load(shot, 'h3', environment), name }
  else console.error('Without HTTP/3: h2load was built without it here')
  return loads
}

/** @param {Shot} shot @param {NodeJS.ProcessEnv} environment @returns {Promise<Fired>} */
async function fireWrk({ connections, isUpload, path, port, seconds }, environment) {
  const script = isUpload ? ['-s', uploadScript] : []
  const stdout = await output(
    ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...script, `https://127.0.0.1:${port}${path}`],
    environment,
  )
  const { failures, requests, seconds: passed } = parse(stdout)
  const mean = /^\s+Latency\s+([\d.]+)(\w+)/m.exec(stdout)
  return { failures, latency: mean === null ? 0 : duration(mean[1], mean[2]), requests, seconds: passed }
}

/**
 * @param {Shot} shot
 * @param {'h2' | 'h3'} protocol
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Promise<Fired>}
 */
async function fireH2load({ connections, isUpload, path, port, seconds, streams }, protocol, environment) {
  const body = isUpload ? ['-d', uploadFile, '-H', 'content-type: application/octet-stream'] : []
  const only = [`--tls13-ciphers=${suite}`, `--groups=${group}`, protocol === 'h3' ? '--h3' : '--npn-list=h2']
  const shape = ['-t1', `-c${connections}`, `-m${streams}`, `-D${seconds}`]
  const stdout = await output(['h2load', ...shape, ...only, ...body, `https://127.0.0.1:${port}${path}`], environment)
  const requests = field(stdout, /(\d+) succeeded/)
  const wrong = field(stdout, /(\d+) failed/) + field(stdout, /(\d+) 3xx/) + field(stdout, /(\d+) [45]xx/)
  const mean = /^time for request:\s+\S+\s+\S+\s+([\d.]+)(\w+)/m.exec(stdout)
  const cipher = /^Cipher: (\S+)/m.exec(stdout)?.[1]
  const failures = []
  if (wrong > 0) failures.push(`${wrong} failed or not 2xx`)
  if (cipher !== suite) failures.push(`suite ${cipher}`)
  return { failures, latency: mean === null ? 0 : duration(mean[1], mean[2]), requests, seconds }
}

/** @param {string} text @param {RegExp} of */
const field = (text, of) => Number(of.exec(text)?.[1] ?? 0)

/** @param {readonly string[]} command @param {NodeJS.ProcessEnv} env */
async function output(command, env) {
  const [program, ...options] = pinned('load', command)
  try {
    return (await run(program, options, { env, maxBuffer: 2 ** 24 })).stdout
  } catch (error) {
    throw new Failure(`${command[0]} failed: ${/** @type {Error} */ (error).message}`)
  }
}
