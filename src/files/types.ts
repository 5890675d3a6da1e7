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

const textual =
  /^(?:text\/|application\/(?:(?:[\w.-]+\+)?(?:json|xml)|ecmascript|javascript|manifest\+json|rtf|wasm|xml|yaml|toml|x-sh|x-httpd-php|vnd\.ms-fontobject)|font\/(?:otf|ttf|collection)|image\/(?:svg\+xml|bmp|vnd\.microsoft\.icon|x-icon|x-ms-bmp)|model\/(?:gltf\+json|obj|stl))(?:;|$)/

/** Whether files of a media type shrink when they are compressed. */
export function isCompressible(type: string): boolean {
  return textual.test(type)
}
