const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes as text in UTF-8, a byte order mark included; what is malformed becomes U+FFFD. */
export function utf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** The same; undefined for bytes that are not UTF-8. */
export function utf8Strict(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** A text without the byte order mark that it may begin with. */
export function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}
