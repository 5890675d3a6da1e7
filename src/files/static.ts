import type { Encoder } from '../core/encoder.js'
import type { HttpRequest } from '../core/request.js'
import { HttpResponse } from '../core/response.js'
import type { StaticSettings } from '../core/static-options.js'
import type { Handler, HandlerResult } from '../core/types.js'
import { answerWith, type Present } from './answer.js'
import { listFolder } from './listing.js'
import { locate } from './locate.js'
import { encodeSegment, readPath } from './path.js'
import { present } from './present.js'
import { FileStore, type Found } from './store.js'
import type { Form, Presented, StoredFile } from './stored.js'
import { loadTypes } from './types.js'

/** What the handler of a folder needs of its app. */
export interface StaticParts {
  /** Whether middleware compresses what is not in memory. */
  readonly compressesStreams: boolean
  /** Makes the compressed forms that are kept; undefined for none. */
  readonly encoder: Encoder | undefined
  /** Answers what no file does. */
  readonly notFound: Handler
}

// A file that changes each time that it is looked at is given up after so many.
const attempts = 3

/**
 * Makes the handler that answers with the files of a folder. What is kept and was looked at lately is answered at once,
 * without a promise and without a call of the system.
 *
 * @param slashes how many slashes of a path come before the part that names the file; 0 for the route of the folder
 * itself without one at its end, which is a redirection.
 */
export function staticHandler(settings: StaticSettings, slashes: number, parts: StaticParts): Handler {
  const folder = new StaticFolder(settings, slashes, parts)
  return slashes === 0
    ? (request) => (settings.redirect ? redirectTo(request, `${request.path}/`) : parts.notFound(request))
    : (request) => folder.answer(request)
}

class StaticFolder {
  readonly #index: string
  readonly #parts: StaticParts
  readonly #settings: StaticSettings
  readonly #show: Present
  readonly #slashes: number
  readonly #store: FileStore

  constructor(settings: StaticSettings, slashes: number, parts: StaticParts) {
    this.#index = settings.index === undefined ? '' : encodeSegment(settings.index)
    this.#parts = parts
    this.#settings = settings
    // Settled once for each form of a version, and kept with it.
    this.#show = (file, form) => {
      form.presented ??= this.#present(file, form)
      return form.presented
    }
    this.#slashes = slashes
    this.#store = new FileStore(settings.cache, { encoder: parts.encoder, precompressed: settings.precompressed })
  }

  answer(request: HttpRequest): HandlerResult | Promise<HandlerResult> {
    const raw = this.#rest(request.path)
    const file = this.#store.fresh(this.#key(raw))
    if (file === undefined) return this.#find(request, raw)
    const answer = answerWith(request, file, this.#show)
    return answer instanceof HttpResponse ? answer : answer.then((response) => response ?? this.#find(request, raw))
  }

  // The spelling of a file's path is its key: others never come to be kept.
  #key(raw: string): string {
    return raw === '' || raw.endsWith('/') ? raw + this.#index : raw
  }

  #rest(path: string): string {
    let start = 0
    for (let count = 0; count < this.#slashes; count++) start = path.indexOf('/', start) + 1
    return path.slice(start)
  }

  async #find(request: HttpRequest, raw: string): Promise<HandlerResult> {
    await loadTypes()
    const { dotfiles, redirect } = this.#settings
    const reading = readPath(raw, dotfiles)
    if (reading.refused !== undefined) return this.#refuse(request, reading.refused)
    if (reading.redirect !== undefined) {
      return redirectTo(request, request.path.slice(0, request.path.length - raw.length) + reading.redirect)
    }
    const { name } = reading
    if (name === '' || name.endsWith('/')) return this.#findFolder(request, raw, name)
    const found = await this.#send(request, raw, name)
    if (found instanceof HttpResponse) return found
    if (redirect && 'folder' in found) return redirectTo(request, `${request.path}/`)
    return this.#missing(request, found, name)
  }

  async #findFolder(request: HttpRequest, raw: string, name: string): Promise<HandlerResult> {
    const { dotfiles, folder, index, listing } = this.#settings
    const bare = name.slice(0, -1)
    let found: Found | HttpResponse = { refused: undefined }
    if (index !== undefined) {
      found = await this.#send(request, this.#key(raw), name + index)
      if (found instanceof HttpResponse) return found
    }
    if (listing) {
      const located = await locate(folder, bare)
      if (located !== undefined && !('refused' in located) && located.stats.isDirectory()) {
        return listFolder(folder, bare, located.path, dotfiles)
      }
    }
    return this.#missing(request, found, bare)
  }

  async #send(request: HttpRequest, key: string, name: string): Promise<Found | HttpResponse> {
    for (let attempt = 1; ; attempt++) {
      const found = await this.#store.find(key, name, (suffix) => locate(this.#settings.folder, name + suffix))
      if (!('file' in found)) return found
      const response = await answerWith(request, found.file, this.#show)
      if (response !== undefined) return response
      this.#store.drop(key)
      if (attempt === attempts) throw new Error(`the file ${name} of ${this.#settings.folder} changes all the time`)
    }
  }

  // The page of an application that does its own routing: for those who ask for a page, and for what is not named like a
  // file, so that a script that is missing stays missing.
  async #missing(request: HttpRequest, found: Found, name: string): Promise<HandlerResult> {
    const { fallback } = this.#settings
    const reason = 'refused' in found ? found.refused : undefined
    if (reason !== undefined || fallback === undefined || !wantsPage(request) || hasExtension(name)) {
      return this.#refuse(request, reason)
    }
    const page = await this.#send(request, encodeSegment(fallback), fallback)
    if (!(page instanceof HttpResponse)) return this.#refuse(request, undefined)
    const vary = page.header('Vary')
    return page.header('Vary', vary === undefined ? 'Accept' : `Accept, ${vary}`)
  }

  #refuse(request: HttpRequest, reason: string | undefined): HandlerResult | Promise<HandlerResult> {
    if (reason !== undefined) request.log.debug({ path: request.path, reason }, 'no file is served for this path')
    return this.#parts.notFound(request)
  }

  #present(file: StoredFile, form: Form): Presented {
    const { compress, headers } = this.#settings
    return present(file, form, {
      ...this.#settings,
      compressesStreams: this.#parts.compressesStreams,
      disposition: undefined,
      headers: typeof headers === 'function' ? headers(file.name) : headers,
      isUncompressed: compress === false,
      type: file.type,
    })
  }
}

// Permanent: the other spelling never names anything else. A backslash, which only a parameter of the prefix can hold,
// is a slash to browsers: /\host would be another site.
function redirectTo(request: HttpRequest, path: string): HttpResponse {
  const { url } = request
  const query = url.slice(request.path.length)
  return new HttpResponse(undefined, undefined, 308).header('Location', path.replaceAll('\\', '%5C') + query)
}

function hasExtension(name: string): boolean {
  return name.slice(name.lastIndexOf('/') + 1).includes('.')
}

function wantsPage(request: HttpRequest): boolean {
  const accept = request.header('accept') ?? ''
  return accept.split(',').some((member) => {
    const [type = '', ...parameters] = member.split(';')
    return type.trim().toLowerCase() === 'text/html' && !parameters.some((each) => /^\s*q=0(?:\.0*)?\s*$/i.test(each))
  })
}
