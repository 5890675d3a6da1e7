// The policies under test: what each is called, the app that has it, and what its answers must say so that it counts.
import { apiKey, csrf, ipFilter, text } from '../../dist/esm/index.js'

/** @typedef {import('../../dist/esm/index.js').Hotpress} Hotpress */
/** @typedef {import('../../dist/esm/index.js').HotpressOptions} HotpressOptions */

/**
 * @typedef {object} Policy
 * @property {Readonly<Record<string, string>>} [headers] of requests to it, beside the usual
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
const securityHeaders = { recommended: true }
const trustProxy = 'loopback'

const id = '7f3c2c34-5d0e-4f5a-9f0b-2c9be3a1b001'
const corsSends = { 'access-control-allow-origin': /^https:\/\/app\.example\.com$/ }
const idSends = { 'x-request-id': new RegExp(`^${id}$`) }
const rateSends = { ratelimit: /r=\d+/ }
const securitySends = { 'content-security-policy': /default-src/ }

/** @type {import('../../dist/esm/index.js').Handler} */
const readsCookie = ({ cookies }) => (cookies.sid === undefined ? null : 'pong')

/** As a browser sends them, to every server alike. */
const usual = {
  Accept: 'application/json',
  'Accept-Encoding': 'gzip, deflate, br',
  'Accept-Language': 'en-GB,en;q=0.9',
  Cookie: 'theme=dark; sid=0123456789abcdef0123456789abcdef; _ga=GA1.2.1234567890.1700000000',
  Origin: origin,
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36',
  'X-Request-ID': id,
}

/** The headers of each request to a server. @param {string} server */
export function headersFor(server) {
  return { ...usual, ...policies.find((policy) => policy.id === server)?.headers }
}

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
  { id: 'security-headers', name: 'security headers, recommended', options: { securityHeaders }, sends: securitySends },
  { id: 'request-id', name: 'the id of a trusted proxy', options: { trustProxy }, sends: idSends },
  {
    handler: ({ ip }) => (ip === '198.51.100.7' ? 'pong' : null),
    headers: { 'X-Forwarded-For': '198.51.100.7', 'X-Request-ID': '' },
    id: 'trust-proxy',
    name: 'the address behind a trusted proxy',
    options: { trustProxy },
  },
  { id: 'rate-limit', name: 'a rate limit in memory', options: { rateLimit }, sends: rateSends },
  { id: 'path-filter', name: 'the path filter', options: { pathFilter: true } },
  { id: 'csrf', name: 'CSRF, of a GET', use: (app) => app.use(csrf()) },
  { id: 'ip-filter', name: 'a list of addresses', use: (app) => app.use(ipFilter({ allow: 'loopback' })) },
  {
    headers: { 'X-API-Key': 'benchmark-0123456789abcdef' },
    id: 'api-key',
    name: 'an API key',
    use: (app) => app.use(apiKey({ keys: { bench: 'benchmark-0123456789abcdef' } })),
  },
  {
    handler: readsCookie,
    id: 'all',
    name: 'CORS, cookie, security headers, id, rate limit',
    options: { cors, rateLimit, securityHeaders, trustProxy },
    sends: { ...corsSends, ...idSends, ...rateSends, ...securitySends },
  },
]
