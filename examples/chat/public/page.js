// Small tools of the page.

export const byId = (id) => document.getElementById(id)

/** Makes an element; children that are texts stay texts. */
export function element(name, className, ...children) {
  const made = document.createElement(name)
  if (className !== '') made.className = className
  made.append(...children)
  return made
}

/** The first letter of a name, on a colour that is the same for it on every page. */
export function avatarOf(name, id) {
  const made = element('span', 'avatar', [...name][0].toUpperCase())
  made.ariaHidden = 'true'
  if (id !== undefined) made.id = id
  // A factor that sends names which are alike to colours that are not.
  let hue = 0
  for (const letter of name) hue = (hue * 137 + letter.codePointAt(0) * 47) % 360
  made.style.setProperty('--hue', String(hue))
  return made
}

/** Asks the server. @throws Error with the words of its answer where that is a refusal. */
export async function ask(path, method = 'GET', body = undefined) {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await fetch(path, { body: body && JSON.stringify(body), headers, method })
  const text = await response.text()
  const value = text === '' ? undefined : JSON.parse(text)
  if (!response.ok) throw new Error(value?.detail ?? 'That did not work.')
  return value
}

/** Who is typing, in words. */
export function sentence(names) {
  if (names.length === 0) return ''
  if (names.length === 1) return `${names[0]} is typing …`
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing …`
  return 'Several people are typing …'
}
