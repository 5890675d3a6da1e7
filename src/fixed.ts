import { Buffer } from 'node:buffer'
import { constantResponse } from './core/constant.js'
import { contentTypeIndex } from './core/content-type.js'
import type { HeadTemplate } from './core/head.js'
import { problem } from './core/problem.js'
import type { HttpResponse } from './core/response.js'
import { type HttpError, httpError } from './errors.js'
import type { NativeFixed, NativeTemplate } from './native/types.js'
import type { RouteDefinition } from './routing/route-options.js'
import { allowed } from './routing/table.js'

/** The routes of one shape, with the matcher's number for it. */
export interface NumberedRoutes {
  readonly route: number
  readonly routes: ReadonlyMap<string, RouteDefinition>
}

// Stand for what is put in for each request; neither holds anything that JSON escapes.
const id = '@@id@@'
const subject = '@@subject@@'

/**
 * What a transport may answer without JavaScript: routes whose handler is constant, and paths and methods without a
 * route. Only for an app that has nothing which wants to see such requests.
 */
export function fixedAnswers(all: readonly NumberedRoutes[], head: HeadTemplate): NativeFixed {
  return {
    constants: all.flatMap(({ route, routes }) =>
      [...routes.values()].flatMap((definition) => constantOf(route, definition, head)),
    ),
    methods: all.map(({ route, routes }) => {
      const allow = allowed(routes.keys())
      const error = httpError('METHOD_NOT_ALLOWED', { allowed: allow, method: subject })
      // Those that are answered by JavaScript: HEAD comes with GET.
      const known = [...routes.keys(), ...(routes.has('GET') ? ['HEAD'] : [])]
      return { ...template(error), allow: `Allow: ${allow}\r\n`, known, route }
    }),
    notFound: template(httpError('NOT_FOUND', { path: subject })),
  }
}

function constantOf(route: number, definition: RouteDefinition, head: HeadTemplate): NativeFixed['constants'] {
  const { handler } = definition
  const response = typeof handler === 'function' ? constantResponse(handler) : undefined
  if (response === undefined || definition.middleware.length > 0 || response.closes || !response.isAscii) return []
  const type = response.contentType === undefined ? 0 : contentTypeIndex.get(response.contentType)
  const lines = head.ownLines(response)
  const body = bytesOf(response)
  if (type === undefined || lines === undefined || body === undefined) return []
  return [{ body, lines, method: definition.method, route, status: response.statusCode | (type << 16) }]
}

// A status without content is left to JavaScript, which knows them all.
function bytesOf({ body, statusCode }: HttpResponse): Uint8Array | undefined {
  if (statusCode === 204 || statusCode === 205 || statusCode === 304) return undefined
  if (body === undefined || typeof body === 'string') return Buffer.from(body ?? '')
  return body instanceof Uint8Array ? body : undefined
}

function template(error: HttpError): NativeTemplate {
  const response = problem(error, id)
  const parts = (response.body as string).split(new RegExp(`${subject}|${id}`))
  return { parts, type: contentTypeIndex.get(response.contentType!)! << 16 }
}
