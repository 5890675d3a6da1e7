// What is watched under test: what each is called, what an app that has it does, and what it may cost.
import { subscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { otel } from '../../dist/esm/otel/index.js'

/** @typedef {import('../../dist/esm/index.js').Hotpress} Hotpress */
/** @typedef {import('../../dist/esm/index.js').HotpressOptions} HotpressOptions */

/**
 * @typedef {object} Watched
 * @property {string} id
 * @property {number} [most] µs of CPU that it may add to a request
 * @property {string} name
 * @property {HotpressOptions} [options]
 * @property {() => unknown} [start] before the app is made
 * @property {(app: Hotpress) => void} [use]
 */

/** @type {import('./contract.mjs').LoadRoute} */
export const route = {
  answer: '7',
  id: 'users',
  method: 'GET',
  path: '/users/7',
  title: '',
  type: 'text/plain; charset=utf-8',
}

/**
 * An access log to a file that is gone with the process that asks for it.
 *
 * @param {import('../../dist/esm/index.js').AccessLogOptions} options
 * @returns {HotpressOptions}
 */
function toFile(options) {
  const folder = mkdtempSync(path.join(tmpdir(), 'hotpress-bench-'))
  process.once('exit', () => rmSync(folder, { force: true, recursive: true }))
  return { accessLog: { destination: { file: path.join(folder, 'access.log') }, ...options } }
}

/** @type {readonly Watched[]} */
export const watched = [
  { id: 'none', name: 'none' },
  { id: 'observer', name: 'an observer that does nothing', use: (app) => app.observe({ began() {}, ended() {} }) },
  { id: 'metrics', most: 0.6, name: 'metrics', use: (app) => app.metrics() },
  {
    id: 'metrics-label',
    name: 'metrics with a label of its own',
    use: (app) => app.metrics({ labels: { language: (request) => request.header('accept-language') } }),
  },
  {
    id: 'events',
    name: 'events of diagnostics channels, all four',
    use: () => {
      for (const event of ['abort', 'end', 'error', 'start']) subscribe(`hotpress:request:${event}`, () => {})
    },
  },
  // None of it is exported: what that costs is the SDK's, and comes in batches.
  {
    id: 'tracing',
    most: 1,
    name: 'tracing (unsampled)',
    options: { tracing: true },
    start: () => otel({ exporter: 'none', sampler: 0 }),
  },
  {
    id: 'tracing-ratio',
    name: 'tracing (1 of 100 sampled, no export)',
    options: { tracing: true },
    start: () => otel({ exporter: 'none', sampler: 0.01 }),
  },
  {
    id: 'tracing-sampled',
    name: 'tracing (sampled, no export)',
    options: { tracing: true },
    start: () => otel({ exporter: 'none', sampler: 1 }),
  },
  { id: 'tracing-absent', name: 'tracing, and no SDK', options: { tracing: true } },
  {
    id: 'access-log',
    most: 2,
    name: 'access log to a file, JSON',
    get options() {
      return toFile({})
    },
  },
  {
    id: 'access-log-combined',
    name: 'access log to a file, Combined',
    get options() {
      return toFile({ format: 'combined' })
    },
  },
]
