import { isCompressible } from '../core/compressible.js'
import type { HeadersInit } from '../core/headers.js'
import { HttpResponse } from '../core/response.js'
import type { FileHeaderSettings } from '../core/static-options.js'
import type { Form, Presented, StoredFile } from './stored.js'

/** What the headers of a file are made of, beside what it is. */
export interface Presentation extends FileHeaderSettings {
  /** Whether middleware of the app compresses what is not in memory. */
  readonly compressesStreams: boolean
  readonly disposition: string | undefined
  readonly headers: HeadersInit | undefined
  /** Whether nothing is to compress it. */
  readonly isUncompressed: boolean
  readonly type: string
}

/** Settles the headers of a form of a file: what is the same whenever it is sent. */
export function present(file: StoredFile, form: Form, how: Presentation): Presented {
  const etag = how.etag ? `"${form.tag}"` : undefined
  const modified = how.lastModified ? file.modified : undefined
  const ok = new HttpResponse(form.body, how.type)
  // What a 200 would say of the version and of caches is on a 304 too (RFC 9110, 15.4.5).
  const notModified = new HttpResponse(undefined, undefined, 304)
  const both = (name: string, value: string): void => {
    ok.header(name, value)
    notModified.header(name, value)
  }
  for (const [name, value] of Object.entries(how.headers ?? {})) {
    for (const [index, each] of (Array.isArray(value) ? value : [value]).entries()) {
      if (index > 0) ok.append(name, each)
      else ok.header(name, each)
    }
  }
  if (how.cacheControl !== undefined && !ok.has('Cache-Control')) ok.header('Cache-Control', how.cacheControl)
  const control = ok.header('Cache-Control')
  if (control !== undefined) notModified.header('Cache-Control', control)
  if (how.disposition !== undefined) ok.header('Content-Disposition', how.disposition)
  if (form.coding !== undefined) ok.header('Content-Encoding', form.coding)
  ok.header('Accept-Ranges', 'bytes')
  if (etag !== undefined) both('ETag', etag)
  if (modified !== undefined) both('Last-Modified', new Date(modified * 1000).toUTCString())
  // What is settled here is not to be settled again by middleware.
  if (file.isVaried || how.isUncompressed) ok.uncompressed()
  const isLeft = how.compressesStreams && !ok.isUncompressed && form.body === undefined
  const isVaried = file.isVaried || (isLeft && isCompressible(how.type))
  const vary = [ok.header('Vary'), isVaried ? 'Accept-Encoding' : undefined].filter((each) => each !== undefined)
  if (vary.length > 0) both('Vary', vary.join(', '))
  return { etag, modified, notModified, ok }
}
