import { type Capabilities, file, html, RouteGroup } from 'hotpress'

const links: readonly (readonly [path: string, what: string])[] = [
  ['/about', 'a page from a file'],
  ['/posts', 'all posts (<code>?q=word</code> filters)'],
  ['/posts/1', 'one post'],
  ['/users', 'all users'],
  ['/users/1', 'one user'],
  ['/users/1/posts', 'the posts of a user'],
]

function index({ native, transports }: Capabilities): string {
  const items = links.map(([path, what]) => `<li><a href="${path}">${path}</a> ${what}</li>`).join('\n')
  const core = native.kind === 'native' ? `native ${native.version.slice(0, 8)}` : `fallback (${native.reason})`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hotpress: users and posts</title>
<style>body { font: 1rem/1.6 system-ui, sans-serif; margin: 3rem auto; max-width: 40rem; padding: 0 1rem } dt { font-weight: 600 }</style>
<h1>Users and posts</h1>
<ul>
${items}
</ul>
<dl>
<dt>Transport</dt><dd>${transports.join(', ') || 'none'}</dd>
<dt>Core</dt><dd>${core}</dd>
</dl>
<p>Make one: <code>curl -d '{"name":"Grace","email":"grace@example.com"}' localhost:3000/users</code></p>
`
}

/**
 * The pages for people.
 *
 * @param capabilities asked at each request: the transport is known once the app listens.
 */
export function pageRoutes(capabilities: () => Capabilities): RouteGroup {
  const folder = new URL('public/', import.meta.url)
  return new RouteGroup()
    .get('/', () => html(index(capabilities())))
    .get('/about', () => file(new URL('about.html', folder)))
    .static('/public', folder)
}
