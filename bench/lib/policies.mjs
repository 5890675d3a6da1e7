// The policies under test: what each is called, the app that has it, and what its answers must say so that it counts.
import { text } from '../../dist/esm/index.js'

/** @typedef {import('../../dist/esm/index.js').Hotpress} Hotpress */
/** @typedef {import('../../dist/esm/index.js').HotpressOptions} HotpressOptions */

/**
 * @typedef {object} Policy
 * @property {string} id
 * @property {string} name
 * @property {HotpressOptions} [options]
 * @property {(app: Hotpress) => void} [use]
 * @property {import('../../dist/esm/index.js').Handler} [handler] in place of the one that answers with a text
 * @property {Readonly<Record<string, RegExp>>} [sends] headers of its answers
 */

/** @type {import('./contract.mjs').LoadRoute} */
export const route = {
  answer: 'pong',
  id: 'ping',
  method: 'GET',
  path: '/ping',
  title: '',
  type: 'text/plain; charset=utf-8',
}

const origin = 'https://app.example.com'
const cors = { credentials: true, exposeHeaders: ['X-Total'], origins: [origin, 'https://*.example.org'] }
const rateLimit = { limit: 1_000_000_000, window: '1m' }
const proxies = { requestId: { from: 'proxies' }, trustProxy: 'loopback' }
const securityHeaders = { recommended: true }

const corsSends = { 'access-control-allow-origin': /^https:\/\/app\.example\.com$/ }
const rateSends = { ratelimit: /r=\d+/ }
const securitySends = { 'content-security-policy': /default-src/ }

/** @type {import('../../dist/esm/index.js').Handler} */
const readsCookie = ({ cookies }) => (cookies.sid === undefined ? null : 'pong')

/** @type {readonly Policy[]} */
export const policies = [
  { id: 'none', name: 'none' },
  { id: 'empty', name: 'a middleware that does nothing', use: (app) => app.use((_, next) => next()) },
  { id: 'cors', name: 'CORS, a list of origins', options: { cors }, sends: corsSends },
  {
    id: 'cors-any',
    name: 'CORS, any origin',
    options: { cors: true },
    sends: { 'access-control-allow-origin': /^\*$/ },
  },
  { handler: readsCookie, id: 'cookies', name: 'a cookie that is read' },
  {
    handler: () => text('pong').cookie('sid', '0123456789abcdef', { httpOnly: true, path: '/', sameSite: 'Lax' }),
    id: 'set-cookie',
    name: 'a cookie that is set',
    sends: { 'set-cookie': /^sid=/ },
  },
  {
    id: 'security-headers',
    name: 'security headers, recommended',
    options: { securityHeaders },
    sends: securitySends,
  },
]
