import { addLine, type HttpResponse } from './response.js'

/**
 * Tells caches that an answer depends on a header of the request (RFC 9110, 12.5.5), beside what it says already.
 *
 * @param name as it is to be written.
 */
export function varyBy(response: HttpResponse, name: string): void {
  const vary = varyOf(response.headers)
  if (vary === undefined) addLine(response, 'Vary', name)
  else if (!lists(vary, name)) response.header('Vary', vary === '' ? name : `${vary}, ${name}`)
}

// Several lines are one list.
function varyOf(headers: readonly string[] = []): string | undefined {
  let vary: string | undefined
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]!
    if (name.length !== 4 || name.toLowerCase() !== 'vary') continue
    vary = vary === undefined ? headers[index + 1] : `${vary}, ${headers[index + 1]}`
  }
  return vary
}

function lists(vary: string, name: string): boolean {
  if (vary === name) return true
  const lower = name.toLowerCase()
  return vary.split(',').some((each) => {
    const member = each.trim().toLowerCase()
    return member === lower || member === '*'
  })
}
