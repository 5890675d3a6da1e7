// Hotpress's matcher, `native` or `fallback`, with the function that its routing makes parameters with.
import { binding } from '../../.build/src/native/binding.js'
import { createRouter } from '../../.build/src/native/fallback/router.js'
import { readParams } from '../../.build/src/routing/table.js'
import { serveMatcher } from '../lib/serve-matcher.mjs'
import { namesOf, shapeOf } from '../routes.mjs'

const [kind, table] = process.argv.slice(2)

function chosen() {
  if (kind === 'fallback') return createRouter()
  const native = binding()
  if (native.kind !== 'native') throw new Error(`the native matcher is not here: ${native.reason}`)
  return native.createRouter()
}

const router = chosen()
/** @type {unknown} */
export let sink

serveMatcher(table, (routes) => {
  const endpoints = routes.map((route) => {
    const names = namesOf(route)
    return /** @type {any} */ ({ captures: names.length, pattern: { names } })
  })
  for (const [id, route] of routes.entries()) router.insert(shapeOf(route), id)

  // As the dispatcher does it: a route without parameters shares one empty object.
  const none = Object.freeze({})
  const paramsOf = (/** @type {string} */ path, /** @type {number} */ id) => {
    const endpoint = endpoints[id]
    return endpoint.captures === 0 ? none : readParams(path, endpoint, router)
  }

  return {
    version: kind,
    answer(path) {
      const id = router.match(path)
      return { id, params: paramsOf(path, id) }
    },
    bare(paths) {
      let sum = 0
      for (let index = 0; index < paths.length; index++) sum += router.match(paths[index])
      return sum
    },
    full(paths) {
      let sum = 0
      for (let index = 0; index < paths.length; index++) {
        const id = router.match(paths[index])
        // Kept where V8 cannot prove that nobody reads them: else it would not make them.
        sink = paramsOf(paths[index], id)
        sum += id
      }
      return sum
    },
  }
})
