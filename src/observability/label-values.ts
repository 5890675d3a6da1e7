import type { HttpRequest } from '../core/request.js'
import { type RequestKey, requestKey } from '../core/request-key.js'

/**
 * Where the value of a label comes from: a function, called when the request has come, or a key that a handler or a
 * middleware sets by the time that it ends.
 */
export type LabelSource = LabelKey | ((request: HttpRequest) => string | undefined)

// Any function has a name too, and would be a key.
type LabelKey = RequestKey<string> & { readonly call?: never }

/** What no value of a label is longer than, in UTF-16. */
const longest = 128

/** The values that requests have for the labels of a user, all texts of bounded length. */
export class LabelValues {
  /** What functions gave when a request had come: its headers may be gone when it ends. */
  readonly #early: RequestKey<readonly string[]> = requestKey('hotpress.labels')
  #hasFailed = false
  readonly #labels: readonly (readonly [name: string, source: LabelSource])[]
  readonly #hasFunctions: boolean

  constructor(labels: readonly (readonly [name: string, source: LabelSource])[]) {
    this.#labels = labels
    this.#hasFunctions = labels.some(([, source]) => typeof source === 'function')
  }

  began(request: HttpRequest): void {
    if (!this.#hasFunctions) return
    request.set(
      this.#early,
      this.#labels.map(([, source]) => (typeof source === 'function' ? textOf(this.#call(source, request)) : '')),
    )
  }

  /** In the order of the labels. */
  of(request: HttpRequest): readonly string[] {
    const early = request.get(this.#early)
    return this.#labels.map(([, source], index) =>
      typeof source === 'function' ? (early?.[index] ?? '') : textOf(request.get(source)),
    )
  }

  // What is counted is no reason to fail a request.
  #call(source: (request: HttpRequest) => unknown, request: HttpRequest): unknown {
    try {
      return source(request)
    } catch (error) {
      if (!this.#hasFailed)
        process.emitWarning(`a label of metrics() has failed: ${error}`, { code: 'HOTPRESS_METRICS' })
      this.#hasFailed = true
      return undefined
    }
  }
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') return ''
  return (value.length > longest ? value.slice(0, longest) : value).toWellFormed()
}
