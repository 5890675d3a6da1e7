// What the library tells of a failure holds the request with its headers and query. What is passed on here is the error of
// Node below it, which has addresses and certificates and no more.

/** Why there is no connection, in words. */
export function reasonOf(error: Error): string {
  const cause = causeOf(error)
  if (cause !== undefined) return textOf(cause.message || codeOf(cause))
  // Of polling, where it is the status of the answer, or 0 without one.
  const status: unknown = 'description' in error ? error.description : undefined
  return typeof status === 'number' && status > 0 ? `the answer had the status ${status}` : textOf(error.message)
}

/** What Node said, where it was Node. */
export function causeOf(error: Error): Error | undefined {
  const description: unknown = 'description' in error ? error.description : undefined
  if (typeof description !== 'object' || description === null || !('error' in description)) return undefined
  return description.error instanceof Error ? description.error : undefined
}

/** One line of a text that came from elsewhere. */
export function textOf(text: string): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ').trim()
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}

// Of a name with several addresses, each of which failed, Node gives one error without words.
function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.name
}
