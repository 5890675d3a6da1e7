// What every server under test must answer. Servers import the constants from here, and `check` compares what comes
// over the wire, so that no peer is faster by saying less.
import http from 'node:http'
import { Failure } from './failure.mjs'

export const jsonType = 'application/json; charset=utf-8'
export const textType = 'text/plain; charset=utf-8'
export const serverName = 'hotpress/0'

/** @param {number} length */
export const itemsOf = (length) =>
  Array.from({ length }, (_, index) => ({
    id: index + 1,
    name: `Item number ${index + 1}`,
    price: 9.99 + index,
    inStock: index % 3 !== 0,
    tags: ['bench', `group-${index % 4}`],
    createdAt: '2025-01-01T00:00:00.000Z',
  }))

/** Serialised anew for each request to /json. */
export const items = itemsOf(10)

const order = {
  customer: { id: 4711, name: 'Ada Lovelace', email: 'ada@example.org' },
  lines: Array.from({ length: 8 }, (_, index) => ({
    sku: `SKU-${1000 + index}`,
    quantity: index + 1,
    price: 12.5 * (index + 1),
  })),
  note: '',
}
order.note = 'x'.repeat(1024 - JSON.stringify(order).length)

/** 1,024 bytes of JSON for /echo. */
export const echoBody = JSON.stringify(order)

/**
 * @typedef {object} LoadRoute
 * @property {string} id what `--routes` takes
 * @property {'GET' | 'POST'} method
 * @property {string} path
 * @property {string} [body] the request's body
 * @property {string} answer the response's body
 * @property {string} type the response's Content-Type
 * @property {Record<string, string>} [headers] response headers of this route alone
 * @property {string} title
 */

/** @type {readonly LoadRoute[]} */
export const loadRoutes = [
  { id: 'ping', method: 'GET', path: '/ping', answer: 'pong', type: textType, title: 'GET /ping: four bytes of text' },
  {
    id: 'users',
    method: 'GET',
    path: '/users/42',
    answer: '{"id":"42"}',
    type: jsonType,
    title: 'GET /users/:id: one parameter, sent back as JSON',
  },
  {
    id: 'json',
    method: 'GET',
    path: '/json',
    answer: JSON.stringify(items),
    type: jsonType,
    title: 'GET /json: ten objects, serialised for each request',
  },
  {
    id: 'echo',
    method: 'POST',
    path: '/echo',
    body: echoBody,
    answer: echoBody,
    type: jsonType,
    title: 'POST /echo: 1 KB of JSON, parsed and sent back',
  },
  {
    id: 'async',
    method: 'GET',
    path: '/async',
    answer: 'pong',
    type: textType,
    headers: { 'x-a': '1', 'x-b': '2' },
    title: 'GET /async: /ping behind two async middlewares that each set a header',
  },
]

// Prices that every parser reads to the bit: serde_json is a digit off with some others.
const catalogue = {
  items: Array.from({ length: 700 }, (_, id) => ({ ...items[id % 10], id, price: id / 4 })),
  note: '',
}
catalogue.note = 'x'.repeat(100 * 1024 - JSON.stringify(catalogue).length)

/** 102,400 bytes of JSON for /echo. */
export const largeEchoBody = JSON.stringify(catalogue)

/** @type {readonly LoadRoute[]} */
export const bodyRoutes = [
  ...loadRoutes.filter(({ id }) => id === 'echo'),
  {
    id: 'echo-100k',
    method: 'POST',
    path: '/echo',
    body: largeEchoBody,
    answer: largeEchoBody,
    type: jsonType,
    title: 'POST /echo: 100 KB of JSON, parsed and sent back',
  },
]

// What node:http adds by itself, and no option takes away without changing how connections are kept.
const tolerated = new Set(['keep-alive'])
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/**
 * Asks a server for one route and compares status, headers and body with the contract.
 *
 * @param {string} server for the message
 * @param {number} port
 * @param {LoadRoute} route
 * @throws Failure naming the server, the route and each difference
 */
export async function check(server, port, route) {
  const agent = new http.Agent({ keepAlive: true })
  try {
    const first = await ask(port, route, agent)
    const second = await ask(port, route, agent)
    const found = differences(first, route)
    if (first.headers['x-request-id'] === second.headers['x-request-id']) found.push('X-Request-ID does not change')
    if (found.length > 0) {
      throw new Failure(`${server} answers ${route.method} ${route.path} otherwise:\n  ${found.join('\n  ')}`)
    }
  } finally {
    agent.destroy()
  }
}

/**
 * @typedef {{ status: number | undefined, headers: http.IncomingHttpHeaders, body: string }} Answer
 *
 * @param {Answer} answer
 * @param {LoadRoute} route
 * @param {Readonly<Record<string, string | RegExp | undefined>>} [others] headers that are otherwise, or absent
 * @returns {string[]}
 */
export function differences(answer, route, others = {}) {
  /** @type {Record<string, string | RegExp | undefined>} */
  const expected = {
    connection: 'keep-alive',
    'content-length': String(Buffer.byteLength(route.answer)),
    'content-type': route.type,
    date: /GMT$/,
    server: serverName,
    'x-content-type-options': 'nosniff',
    'x-request-id': uuid,
    ...route.headers,
    ...others,
  }
  const found = []
  if (answer.status !== 200) found.push(`status ${answer.status}, not 200`)
  if (answer.body !== route.answer) found.push(`body ${shown(answer.body)}, not ${shown(route.answer)}`)
  for (const [name, wanted] of Object.entries(expected)) {
    if (wanted === undefined) continue
    const value = String(answer.headers[name] ?? '')
    if (wanted instanceof RegExp ? !wanted.test(value) : value !== wanted) {
      found.push(`header ${name}: ${JSON.stringify(answer.headers[name])}, not ${wanted}`)
    }
  }
  for (const name of Object.keys(answer.headers)) {
    if (expected[name] === undefined && !tolerated.has(name))
      found.push(`header ${name} is there, and in no other answer`)
  }
  return found
}

/** @param {string} body */
const shown = (body) => JSON.stringify(body.length > 300 ? `${body.slice(0, 300)}…` : body)

/**
 * @param {number} port
 * @param {LoadRoute} route
 * @param {http.Agent} [agent]
 * @returns {Promise<Answer>}
 */
export function ask(port, route, agent) {
  return new Promise((resolve, reject) => {
    const headers = route.body === undefined ? {} : { 'Content-Type': 'application/json' }
    const request = http.request({ agent, headers, host: '127.0.0.1', method: route.method, path: route.path, port })
    request.on('error', reject)
    request.on('response', async (response) => {
      const chunks = []
      try {
        for await (const chunk of response) chunks.push(chunk)
      } catch (error) {
        reject(error)
        return
      }
      resolve({ body: Buffer.concat(chunks).toString(), headers: response.headers, status: response.statusCode })
    })
    request.end(route.body)
  })
}
