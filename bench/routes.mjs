// The route tables of both benchmarks. Paths are in one neutral form, `/a/:name/*rest`; `pathFor` and `shapeOf`
// turn it into what each router reads. Nothing here is random from run to run: figures of two days compare.

const nouns = [
  'accounts',
  'articles',
  'carts',
  'devices',
  'events',
  'groups',
  'invoices',
  'jobs',
  'messages',
  'orders',
  'products',
  'projects',
  'reports',
  'tickets',
  'vendors',
]
const areas = [
  'billing',
  'catalog',
  'content',
  'crm',
  'identity',
  'logistics',
  'media',
  'network',
  'payroll',
  'search',
  'support',
  'warehouse',
]
const children = ['comments', 'events', 'members', 'notes', 'tags']

/**
 * Six routes of one REST resource: two static ones, and one to three parameters; a wildcard in every fifth resource.
 *
 * @param {string} base
 * @param {number} index
 * @returns {string[]}
 */
function resource(base, index) {
  const child = children[index % children.length]
  const deepest = index % 5 === 4 ? `${base}/:id/files/*path` : `${base}/:id/${child}/:childId/revisions/:revisionId`
  return [base, `${base}/search`, `${base}/:id`, `${base}/:id/${child}`, `${base}/:id/${child}/:childId`, deepest]
}

/** 90 routes: 15 resources at the root. The HTTP servers register them beside the routes under load. */
export const smallTable = nouns.flatMap((noun, index) => resource(`/${noun}`, index))

/** 1,000 routes: the same resources in twelve areas below a version prefix. */
export const largeTable = areas
  .flatMap((area, a) => nouns.flatMap((noun, n) => resource(`/api/v1/${area}/${noun}`, a + n)))
  .slice(0, 1_000)

/**
 * The neutral form with unnamed wildcards, as find-my-way, Fastify, Hono and uWebSockets.js want it.
 *
 * @param {string} route
 */
export const withPlainWildcard = (route) => route.replace(/\*\w+$/, '*')

/**
 * The neutral form as axum wants it: `/a/{name}/{*rest}`.
 *
 * @param {string} route
 */
export const withBraces = (route) => route.replace(/:(\w+)/g, '{$1}').replace(/\*\w+$/, '{$&}')

/**
 * The shape that Hotpress's matchers insert: `:` for a parameter's segment, `*` for a wildcard's.
 *
 * @param {string} route
 */
export const shapeOf = (route) => route.replace(/:\w+/g, ':').replace(/\*\w+$/, '*')

/**
 * Parameter names in order; a wildcard is called `*`, as find-my-way calls it, so that all matchers' parameters compare.
 *
 * @param {string} route
 */
export const namesOf = (route) => [...route.matchAll(/:(\w+)|\*/g)].map((match) => match[1] ?? '*')

/**
 * One path that the route matches. Values are as long as real ones: numbers, UUIDs and slugs; one value in twenty
 * has an escape in it.
 *
 * @param {string} route
 * @param {() => number} random
 */
export function pathFor(route, random) {
  const hex = (/** @type {number} */ length) =>
    Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('')
  const value = () => {
    const kind = random()
    if (kind < 0.05) return `name%20${hex(4)}`
    if (kind < 0.5) return String(Math.floor(random() * 1e6))
    if (kind < 0.75) return `release-${hex(6)}`
    return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
  }
  return route.replace(/:\w+/g, value).replace(/\*\w+$/, () => `docs/${value()}/index.html`)
}

/**
 * A seeded generator (mulberry32) in the place of Math.random.
 *
 * @param {number} seed
 */
export function seeded(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * The small table in two halves. Each server registers its routes under load between them: a framework that tries
 * routes in their order is then neither at its best nor at its worst.
 */
export const halves = () => [smallTable.slice(0, 45), smallTable.slice(45)]

/** The tables by the names that the router benchmark gives them. */
export const tables = { '90 routes': smallTable, '1,000 routes': largeTable }

/**
 * 1,000 paths, drawn evenly from a table's routes with new parameter values.
 *
 * @param {readonly string[]} routes
 */
export function pathsFor(routes) {
  const random = seeded(2025)
  return Array.from({ length: 1_000 }, () => pathFor(routes[Math.floor(random() * routes.length)], random))
}
