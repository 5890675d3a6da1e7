// What is text in other clothes, or a format that leaves compressing to others. All of text/ comes beside these, and
// what ends in +json, +xml or +text. Not here, and so left alone: what is compressed already (images but SVG, sound,
// video, woff2, archives, PDF), and what may be anything (application/octet-stream).
const compressible = new Set([
  'application/ecmascript',
  'application/graphql',
  'application/javascript',
  'application/json',
  'application/json-seq',
  'application/json5',
  'application/jsonl',
  'application/ndjson',
  'application/openmetrics-text',
  'application/rtf',
  'application/sql',
  'application/toml',
  'application/vnd.apple.mpegurl',
  'application/vnd.ms-fontobject',
  'application/wasm',
  'application/x-javascript',
  'application/x-ndjson',
  'application/x-sh',
  'application/x-www-form-urlencoded',
  'application/xml',
  'application/xml-dtd',
  'application/yaml',
  'font/collection',
  'font/otf',
  'font/ttf',
  'image/svg+xml',
])

const suffix = /\+(?:json|text|xml|yaml)$/

// An app has a handful of types; a gateway passes on whatever its upstreams say.
const known = new Map<string, boolean>()
const mostKnown = 500

/**
 * Whether a body of this type gets smaller by compressing.
 *
 * @param contentType the value of `Content-Type`, parameters and all.
 */
export function isCompressible(contentType: string): boolean {
  let answer = known.get(contentType)
  if (answer === undefined) {
    answer = judge(contentType)
    if (known.size >= mostKnown) known.clear()
    known.set(contentType, answer)
  }
  return answer
}

function judge(contentType: string): boolean {
  const end = contentType.indexOf(';')
  const type = (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
  return type.startsWith('text/') || compressible.has(type) || suffix.test(type)
}
