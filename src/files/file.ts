import { basename } from 'node:path'
import type { Encoder } from '../core/encoder.js'
import { checkHeaderValue } from '../core/headers.js'
import { checkOptions, invalid } from '../core/options-check.js'
import { type HttpRequest, requestContext } from '../core/request.js'
import type { RequestContext } from '../core/request-context.js'
import { HttpResponse } from '../core/response.js'
import { toResponse } from '../core/response-symbol.js'
import {
  checkPath,
  defaultFileCache,
  type FileHeaderOptions,
  type FileHeaderSettings,
  headerOptionChecks,
  settleFileHeaders,
} from '../core/static-options.js'
import type { HandlerResult, ResponseLike } from '../core/types.js'
import { httpError } from '../errors.js'
import { answerWith, type Present } from './answer.js'
import { attachment } from './disposition.js'
import { type Located, locate, locateTrusted, type Refused } from './locate.js'
import { wrong } from './path.js'
import { present } from './present.js'
import { FileStore } from './store.js'
import { loadTypes } from './types.js'

/** Options of {@link file}. */
export interface FileOptions extends FileHeaderOptions {
  /** Has the client save the file instead of showing it: under a name that is given, or with true under its own. */
  readonly download?: boolean | string
  /** The folder that the path is below: for a path that comes from outside. */
  readonly root?: URL | string
  /** The media type, where it is not to be that of the extension. */
  readonly type?: string
}

/** What {@link file} makes. */
export interface FileAnswer extends ResponseLike {
  readonly path: string
}

const attempts = 3
const where = ' of file()'
const checks = {
  ...headerOptionChecks,
  download: (value: unknown, option: string): boolean | string =>
    typeof value === 'boolean' || (typeof value === 'string' && value !== '')
      ? value
      : invalid(option, value, 'true, false, or a name'),
  root: (value: unknown, option: string): string => checkPath(value, option, 'the path of a folder'),
  type: (value: unknown, option: string): string => {
    if (typeof value !== 'string' || value === '') return invalid(option, value, 'a media type')
    checkHeaderValue('Content-Type', value)
    return value
  },
}

/**
 * A file as the answer of a handler: with its media type, its validators and preconditions (RFC 9110, 13), ranges
 * (RFC 9110, 14), and its bytes from memory where it is small. A file that is not there is a 404.
 *
 * @param path absolute, or below the working directory; the program's own, which is trusted. One that comes from outside
 * belongs below `root`: it is then the path of a file in that folder, with `/` between its names, and what leads out of
 * it, is no plain name, or begins with a dot is a 404.
 * @throws HotpressError `HEADER_INVALID`, `OPTION_INVALID`, `OPTION_UNKNOWN`
 * @example
 * app.get('/report', () => file('reports/2026.pdf', { download: 'Annual report.pdf' }))
 * app.get('/uploads/*name', (req) => file(req.params.name, { root: 'uploads' }))
 */
export function file(path: URL | string, options?: FileOptions): FileAnswer {
  const how = options === undefined ? plain : planOf(checkOptions(options, checks, where))
  // Below a root the path may be anything that a client sends, and is looked at with the file.
  const isOutside = how.root !== undefined && typeof path === 'string'
  const name = isOutside ? path : checkPath(path, `path${where}`, 'the path of a file')
  return { path: name, [toResponse]: (request) => answerFile(request, name, how) }
}

/** Options of one kind of answer, checked and complete. */
interface Plan {
  readonly download: boolean | string
  readonly root: string | undefined
  readonly settings: FileHeaderSettings
  readonly type: string | undefined
}

// By the text of what was given: the headers of a file are settled once for a plan. Bounded, since a name may come from a
// request.
const plans = new Map<string, Plan>()
const mostPlans = 200

function planOf(given: FileOptions): Plan {
  const key = JSON.stringify(given)
  let plan = plans.get(key)
  if (plan === undefined) {
    const { download = false, root, type } = given
    plan = { download, root: root as string | undefined, settings: settleFileHeaders(given, where), type }
    if (plans.size >= mostPlans) plans.clear()
    plans.set(key, plan)
  }
  return plan
}

const plain: Plan = planOf({})

// The other keys stand for themselves: one for requests of another loaded copy of the package.
const stores = new WeakMap<object, FileStore>()
const foreign = {}

/** Has the files of an app's handlers kept with compressed forms; called at its start. */
export function compressFilesOf(context: RequestContext, encoder: Encoder): void {
  stores.set(context, new FileStore(defaultFileCache, { encoder, precompressed: false }))
}

// One for an app: what is kept of a file does not depend on how it is answered.
function storeOf(request: HttpRequest): FileStore {
  const context = requestContext(request) ?? foreign
  let store = stores.get(context)
  if (store === undefined) {
    store = new FileStore(defaultFileCache, { encoder: undefined, precompressed: false })
    stores.set(context, store)
  }
  return store
}

function answerFile(request: HttpRequest, path: string, plan: Plan): HandlerResult | Promise<HandlerResult> {
  const store = storeOf(request)
  const key = plan.root === undefined ? path : `${plan.root}\0${path}`
  const show: Present = (stored, form) => {
    if (form.presented === undefined || form.presentedFor !== plan) {
      form.presented = present(stored, form, {
        ...plan.settings,
        compressesStreams: store.compresses,
        disposition: disposition(path, plan.download),
        headers: undefined,
        isUncompressed: false,
        type: plan.type ?? stored.type,
      })
      form.presentedFor = plan
    }
    return form.presented
  }
  const kept = store.fresh(key)
  if (kept === undefined) return findFile(request, path, plan.root, store, key, show)
  const answer = answerWith(request, kept, show)
  if (answer instanceof HttpResponse) return answer
  return answer.then((response) => response ?? findFile(request, path, plan.root, store, key, show))
}

async function findFile(
  request: HttpRequest,
  path: string,
  root: string | undefined,
  store: FileStore,
  key: string,
  show: Present,
): Promise<HandlerResult> {
  await loadTypes()
  const find = finder(path, root)
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const found = await store.find(key, path, find)
    if (!('file' in found)) {
      const reason = 'folder' in found ? 'it is a folder' : (found.refused ?? 'it is not there')
      request.log.debug({ file: path, path: request.path, reason }, 'a file cannot be served')
      throw httpError('NOT_FOUND', { path: request.path })
    }
    const response = await answerWith(request, found.file, show)
    if (response !== undefined) return response
    store.drop(key)
  }
  throw new Error(`the file ${path} changes all the time`)
}

function finder(file: string, root: string | undefined): (suffix: string) => Promise<Located | Refused | undefined> {
  if (root === undefined) return () => locateTrusted(file)
  const refused = refusal(file)
  return refused === undefined ? () => locate(root, file) : async () => ({ refused })
}

function refusal(file: string): string | undefined {
  for (const name of file.split('/')) {
    const refused = name.startsWith('.') ? 'a name that begins with a dot' : wrong(name)
    if (refused !== undefined) return refused
  }
  return undefined
}

function disposition(file: string, download: boolean | string): string | undefined {
  if (download === false) return undefined
  return attachment(download === true ? basename(file) : download)
}
