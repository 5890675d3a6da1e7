// What is watched under test: what each is called, what an app that has it does, and what it may cost.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** @typedef {import('../../dist/esm/index.js').Hotpress} Hotpress */
/** @typedef {import('../../dist/esm/index.js').HotpressOptions} HotpressOptions */

/**
 * @typedef {object} Watched
 * @property {string} id
 * @property {number} [most] µs of CPU that it may add to a request
 * @property {string} name
 * @property {HotpressOptions} [options]
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
