import type { Dirent } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { ContentType } from '../core/content-type.js'
import { escapeHtml } from '../core/html.js'
import { HttpResponse } from '../core/response.js'
import { locate } from './locate.js'
import { encodeSegment, wrong } from './path.js'

// What is beyond is left out, and the page says so: a folder may hold millions.
const mostEntries = 5000

interface Entry {
  readonly isFolder: boolean
  readonly name: string
}

/**
 * A page with the files of a folder: what could be asked for, and nothing else.
 *
 * @param base the folder that is served, and `name` the one in it that is listed.
 */
export async function listFolder(
  base: string,
  name: string,
  folder: string,
  dotfiles: 'ignore' | 'serve',
): Promise<HttpResponse> {
  const entries: Entry[] = []
  let isCut = false
  for await (const entry of await opendir(folder)) {
    if (wrong(entry.name) !== undefined || (dotfiles === 'ignore' && entry.name.startsWith('.'))) continue
    if (entries.length === mostEntries) {
      isCut = true
      break
    }
    const kind = await kindOf(entry, base, name)
    if (kind !== undefined) entries.push({ isFolder: kind === 'folder', name: entry.name })
  }
  entries.sort((a, b) => Number(b.isFolder) - Number(a.isFolder) || (a.name < b.name ? -1 : 1))
  const page = render(name, entries, isCut)
  // Names are escaped; should one ever get through, nothing runs.
  return new HttpResponse(page, ContentType.Html)
    .header('Cache-Control', 'no-cache')
    .header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'")
}

async function kindOf(entry: Dirent, base: string, name: string): Promise<'file' | 'folder' | undefined> {
  if (entry.isDirectory()) return 'folder'
  if (entry.isFile()) return 'file'
  if (!entry.isSymbolicLink()) return undefined
  const target = await locate(base, name === '' ? entry.name : `${name}/${entry.name}`)
  if (target === undefined || 'refused' in target) return undefined
  return target.stats.isDirectory() ? 'folder' : 'file'
}

function render(name: string, entries: readonly Entry[], isCut: boolean): string {
  const title = escapeHtml(`/${name}${name === '' ? '' : '/'}`)
  const items = entries.map((entry) => {
    const slash = entry.isFolder ? '/' : ''
    // A name with a colon would be taken for a scheme without the dot.
    return `<li><a href="./${escapeHtml(encodeSegment(entry.name))}${slash}">${escapeHtml(entry.name)}${slash}</a></li>`
  })
  if (name !== '') items.unshift('<li><a href="../">../</a></li>')
  if (isCut) items.push(`<li>and more: only ${mostEntries} are listed</li>`)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>body { font: 1rem/1.6 system-ui, sans-serif; margin: 2rem } ul { list-style: none; padding: 0 }</style>
</head>
<body>
<h1>${title}</h1>
<ul>
${items.join('\n')}
</ul>
</body>
</html>
`
}
