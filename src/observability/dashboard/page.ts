import { createHash } from 'node:crypto'
import { script } from './page-script.js'
import { style } from './page-style.js'

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** The policy of the page: it has nothing but what is in it, and asks its own origin alone. */
export const pagePolicy: string = [
  "default-src 'none'",
  "base-uri 'none'",
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  `script-src ${hash(script)}`,
  // The widths of the bar are set by the script.
  `style-src ${hash(style)}`,
].join('; ')

const cards: readonly (readonly [id: string, title: string, hasLine: boolean])[] = [
  ['rate', 'requests per second', true],
  ['latency', 'latency, p99', true],
  ['delay', 'event loop delay, p99', true],
  ['memory', 'memory', true],
  ['active', 'requests under way', false],
  ['connections', 'connections', false],
]

const line = (id: string): string =>
  `<svg id="${id}-line" viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label="${id} in the last two minutes"><path/><path class="under"/></svg>`

/** The page. */
export const page: string = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>Hotpress</title><style>${style}</style></head>
<body>
<header><h1>Hotpress</h1><span id="state" class="off">connecting</span><span id="about" class="dim"></span></header>
<section class="cards">
${cards.map(([id, title, hasLine]) => `<div class="card"><span>${title}</span><b id="${id}">–</b><span id="${id}-more">&nbsp;</span>${hasLine ? line(id) : ''}</div>`).join('\n')}
</section>
<h2>Status</h2>
<div id="bar">${[1, 2, 3, 4, 5].map((each) => `<i class="k${each}"></i>`).join('')}</div>
<div id="legend">${[1, 2, 3, 4, 5].map((each) => `<span><i class="k${each}"></i><span>${each}xx 0</span></span>`).join('')}</div>
<h2>Routes</h2>
<div class="table"><table><thead><tr><th>method</th><th>route</th><th>per second</th><th>mean</th><th>5xx</th><th>requests</th></tr></thead><tbody id="routes"></tbody></table></div>
<div id="parts-all" hidden>
<h2>Parts</h2>
<div class="table"><table><thead><tr><th>figure</th><th>of</th><th>per second</th><th>value</th></tr></thead><tbody id="parts"></tbody></table></div>
</div>
<script>${script}</script>
</body>
</html>
`
