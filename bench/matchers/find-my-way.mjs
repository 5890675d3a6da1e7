// find-my-way, `walked` as it comes (and as Fastify uses it unless told otherwise) or `compiled` by its compile().
import { createRequire } from 'node:module'
import findMyWay from 'find-my-way'
import { serveMatcher } from '../lib/serve-matcher.mjs'
import { withPlainWildcard } from '../routes.mjs'

const [kind, table] = process.argv.slice(2)

// A query string is no part of matching a path.
const router = findMyWay({ querystringParser: () => undefined })
/** @typedef {NonNullable<ReturnType<typeof router.find>>} Found every path here has a route */

/** @type {unknown} */
export let sink

serveMatcher(table, (routes) => {
  for (const [id, route] of routes.entries()) router.on('GET', withPlainWildcard(route), () => {}, { id })
  if (kind === 'compiled') router.compile()

  // find() always makes the parameters, so the same loop is both measurements.
  /** @param {readonly string[]} paths */
  const loop = (paths) => {
    let sum = 0
    for (let index = 0; index < paths.length; index++) {
      const found = /** @type {Found} */ (router.find('GET', paths[index]))
      sink = found.params
      sum += found.store.id
    }
    return sum
  }
  return {
    version: createRequire(import.meta.url)('find-my-way/package.json').version,
    answer(path) {
      const { params, store } = /** @type {Found} */ (router.find('GET', path))
      return { id: store.id, params }
    },
    bare: loop,
    full: loop,
  }
})
