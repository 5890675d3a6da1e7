import { Failure } from './failure.js'
import { fileOf, loadApp } from './load-app.js'
import { tableOf } from './table.js'

/** A route, as `app.routes()` of any copy of the package tells of it. */
interface Route {
  readonly bodyLimit: number
  readonly handler: string
  readonly kind: string
  readonly method: string
  readonly middleware: readonly string[]
  readonly path: string
}

const head = ['method', 'path', 'handler', 'body limit', 'middleware'] as const

/** Tells of the routes of an app, in the order in which they are asked. It is not run. */
export async function tellRoutes(given: string, { json }: { readonly json?: boolean }): Promise<void> {
  const app = await loadApp(fileOf(given))
  const list: unknown = Reflect.get(app, 'routes')
  if (typeof list !== 'function') throw new Failure(`${given} exports an app of a version without routes()`)
  const routes = list.call(app) as readonly Route[]
  console.log(json === true ? JSON.stringify(routes) : tableOf([head, ...routes.map(rowOf)]))
  // What the program has begun would hold the process.
  process.exit()
}

function rowOf({ bodyLimit, handler, kind, method, middleware, path }: Route): readonly string[] {
  const what = kind === 'files' ? `files of ${handler}` : handler
  return [method, path, what, sizeOf(bodyLimit), middleware.join(' > ') || '-']
}

// As options take it.
function sizeOf(bytes: number): string {
  const unit = (['gb', 'mb', 'kb'] as const).find((_, index) => bytes !== 0 && bytes % 1024 ** (3 - index) === 0)
  return unit === undefined ? `${bytes} b` : `${bytes / 1024 ** { gb: 3, kb: 1, mb: 2 }[unit]} ${unit}`
}
