import { createHash } from 'node:crypto'
import { escapeHtml } from '../core/html.js'
import type { HttpRequest } from '../core/request.js'
import { reasonPhrase } from '../core/status.js'
import { excerptOf, framesOf, type StackFrame } from './stack-frames.js'

const style = `
:root { color-scheme: light dark; --back: #fff; --code: #f5f5f4; --dim: #78716c; --edge: #e7e5e4; --mark: #fee2e2; --text: #1c1917; --warm: #b91c1c }
@media (prefers-color-scheme: dark) { :root { --back: #1c1917; --code: #292524; --dim: #a8a29e; --edge: #44403c; --mark: #7f1d1d; --text: #f5f5f4; --warm: #f87171 } }
* { box-sizing: border-box }
body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 2rem 1.5rem }
code, pre, td, th { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 13px }
h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere }
h2 { font-size: 1rem; margin: 2rem 0 .5rem }
header { border-left: 4px solid var(--warm); padding-left: 1rem }
header p { margin: .25rem 0 0; overflow-wrap: anywhere }
.status { color: var(--warm); font-weight: 600 }
.dim { color: var(--dim) }
pre { background: var(--code); border: 1px solid var(--edge); border-radius: 6px; margin: 0; overflow-x: auto; padding: .75rem 0 }
pre span { display: block; padding: 0 1rem }
pre .meant { background: var(--mark) }
pre i { color: var(--dim); display: inline-block; font-style: normal; margin-right: 1rem; min-width: 3ch; text-align: right; user-select: none }
ol { list-style: none; margin: 0; padding: 0 }
li { overflow-wrap: anywhere; padding: .1rem 0 }
table { border-collapse: collapse; width: 100% }
td, th { border-top: 1px solid var(--edge); overflow-wrap: anywhere; padding: .3rem .75rem .3rem 0; text-align: left; vertical-align: top }
th { color: var(--dim); font-weight: 400; width: 14rem }
footer { border-top: 1px solid var(--edge); color: var(--dim); margin-top: 2.5rem; padding-top: .75rem }
`

/** The policy of the page: nothing of it is loaded, run or framed. */
export const errorPagePolicy: string = `default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`

/** How many errors behind an error are told of, and characters of each value. */
const deepest = 5
const longestValue = 2000

// Whoever looks over a shoulder, or at a picture of the page, need not have them.
const secret = /^(?:authorization|cookie|proxy-authorization|x-api-key|x-csrf-token)$|token|secret|password/i

/** The page for an answer that stands for an error. */
export function errorPage(status: number, thrown: unknown, request: HttpRequest): string {
  const errors = chainOf(thrown)
  const phrase = reasonPhrase(status) || 'Error'
  const [first] = errors
  const title = first === undefined ? 'an error' : headline(first)
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(`${status} ${phrase}: ${title}`)}</title><style>${style}</style></head>
<body>
<header><p class="status">${status} ${escapeHtml(phrase)}</p><h1>${escapeHtml(title)}</h1><p class="dim">${escapeHtml(`${request.method} ${request.path}`)}</p></header>
${errors.map((error, index) => errorSection(error, index)).join('\n')}
${requestSection(request)}
<footer>Shown since <code>env</code> is development; in production a client has the status and the request id alone.</footer>
</body>
</html>
`
}

function chainOf(thrown: unknown): readonly Error[] {
  const errors: Error[] = []
  for (let each = thrown; each instanceof Error && errors.length < deepest; each = each.cause) {
    if (errors.includes(each)) break
    errors.push(each)
  }
  return errors
}

function headline({ message, name }: Error): string {
  return message === '' ? name : `${name}: ${message}`
}

function errorSection(error: Error, index: number): string {
  const frames = framesOf(error)
  const own = frames.find(({ isOwn }) => isOwn)
  const heading = index === 0 ? '' : `<h2>Caused by ${escapeHtml(headline(error))}</h2>\n`
  return heading + (own === undefined ? '' : excerptSection(own)) + stackSection(frames)
}

function excerptSection(frame: StackFrame): string {
  const excerpt = excerptOf(frame)
  if (excerpt === undefined) return ''
  const lines = excerpt.lines.map((line, index) => {
    const number = excerpt.first + index
    return `<span${number === frame.line ? ' class="meant"' : ''}><i>${number}</i>${escapeHtml(line)}</span>`
  })
  return `<h2>${escapeHtml(`${frame.file}:${frame.line}`)}</h2>\n<pre>${lines.join('')}</pre>\n`
}

function stackSection(frames: readonly StackFrame[]): string {
  if (frames.length === 0) return ''
  const items = frames.map(
    ({ call, isOwn }) => `<li${isOwn ? '' : ' class="dim"'}><code>${escapeHtml(call)}</code></li>`,
  )
  return `<h2>Stack</h2>\n<ol>${items.join('')}</ol>`
}

function requestSection(request: HttpRequest): string {
  const facts: [string, string][] = [
    ['id', request.id],
    ['route', request.route ?? 'none matched'],
    ['address', ipOf(request)],
  ]
  const params = Object.entries(request.params).map(([name, value]): [string, string] => [`:${name}`, String(value)])
  const headers = Object.entries(headersOf(request))
  return [table('Request', [...facts, ...params]), table('Query', [...request.query]), table('Headers', headers)].join(
    '\n',
  )
}

// The request may be over when its error is told of, after its time.
function headersOf(request: HttpRequest): Readonly<Record<string, string>> {
  try {
    return request.headers
  } catch {
    return {}
  }
}

function ipOf(request: HttpRequest): string {
  try {
    return request.ip
  } catch {
    return ''
  }
}

function table(title: string, rows: readonly (readonly [name: string, value: string])[]): string {
  if (rows.length === 0) return ''
  const cells = rows.map(([name, value]) => {
    const shown = secret.test(name) ? '[hidden]' : value.slice(0, longestValue)
    return `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(shown)}</td></tr>`
  })
  return `<h2>${title}</h2>\n<table>${cells.join('')}</table>`
}
