// What is observed, and by what: what each is called, the app that has it, and what it may cost a request.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** @typedef {import('../../dist/esm/index.js').Hotpress} Hotpress */
/** @typedef {import('../../dist/esm/index.js').HotpressOptions} HotpressOptions */

/**
 * @typedef {object} Observed
 * @property {string} id
 * @property {number} [most] µs of CPU that it may cost a request
 * @property {string} name
 * @property {() => HotpressOptions} [options] made in the process of the server
 * @property {(app: Hotpress) => void} [use]
 */

/** @type {import('./contract.mjs').LoadRoute} */
export const route = {
  answer: 'pong',
  id: 'ping',
  method: 'GET',
  path: '/ping/7',
  title: '',
  type: 'text/plain; charset=utf-8',
}

/** The pattern that it is registered by. */
export const pattern = '/ping/:id'

/** As a browser sends them, to every server alike. */
export const headers = {
  Accept: 'application/json',
  'Accept-Encoding': 'gzip, deflate, br',
  Referer: 'https://app.example.com/users?page=2',
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36',
}

const observer = { began() {}, ended() {} }

/** A file of its own for each server, below the folder for temporary files. @param {object} [more] */
const toFile = (more) => () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'hotpress-bench-')), 'access.log')
  return { accessLog: { destination: { file }, ...more } }
}

/** @type {readonly Observed[]} */
export const observed = [
  { id: 'none', name: 'nothing' },
  { id: 'observer', name: 'an observer that does nothing', use: (app) => app.observe(observer) },
  { id: 'access-log', most: 2, name: 'access log to a file, JSON', options: toFile() },
  {
    id: 'access-log-combined',
    most: 2,
    name: 'access log to a file, Combined',
    options: toFile({ format: 'combined' }),
  },
  { id: 'access-log-common', most: 2, name: 'access log to a file, Common', options: toFile({ format: 'common' }) },
]
