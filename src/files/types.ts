import path from 'node:path'
import { ContentType } from '../core/content-type.js'

type Library = typeof import('mime-types')

let library: Library | undefined

/** Loads the table of media types, which takes some milliseconds: so not before the first file is asked for. */
export async function loadTypes(): Promise<void> {
  if (library !== undefined) return
  const loaded = await import('mime-types')
  // The CommonJS module comes as the default export to ESM.
  library = (loaded as Library & { readonly default?: Library }).default ?? loaded
}

/** The media type of a file by the extension of its name, with `charset=utf-8` for text; asked after {@link loadTypes}. */
export function contentTypeOf(name: string): string {
  const type = library?.contentType(path.extname(name))
  return typeof type === 'string' ? type : ContentType.OctetStream
}
