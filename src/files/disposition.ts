// attr-char of RFC 8187, 3.2.1; encodeURIComponent leaves these four more as they are.
const unsafe = /['()*]/g

/**
 * The value of Content-Disposition that has a client save a body under a name (RFC 6266): the name itself in the
 * extended form of RFC 8187 where it is not plain ASCII, beside a plain one for those who do not know it.
 */
export function attachment(name: string): string {
  const base = name.toWellFormed().replace(/^.*[/\\]/s, '')
  // A % in the plain form is decoded by some, quotes and backslashes are read in more than one way.
  const plain = base.replace(/[^\x20-\x7e]+|["%\\]/g, '_')
  const extended = encodeURIComponent(base).replace(
    unsafe,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  const fallback = `attachment; filename="${plain}"`
  return plain === base ? fallback : `${fallback}; filename*=UTF-8''${extended}`
}
