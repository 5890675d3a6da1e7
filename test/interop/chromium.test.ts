// Chromium: a page with a hundred resources, which tells by itself how they have arrived.
import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { type Hotpress, html, text } from '../../src/index.js'
import { headless } from './_chromium.js'
import { missing, run, temporaryFolder } from './_programs.js'
import { certificate, http3Targets, onTargets, serve } from './_targets.js'

const count = 100
const command = 'chromium'
const key = new X509Certificate(readFileSync(certificate)).publicKey.export({ format: 'der', type: 'spki' })
const pin = createHash('sha256').update(key).digest('base64')

const kinds = [
  (at: number) => `<img src="/image/${at}.svg">`,
  (at: number) => `<link rel="stylesheet" href="/style/${at}.css">`,
  (at: number) => `<script src="/script/${at}.js" defer></script>`,
]

// The document is printed when nothing is under way any more: what it has been told stands in it then.
const page = `<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,"></head><body>
${Array.from({ length: count }, (_, at) => kinds[at % kinds.length]!(at)).join('\n')}
<output id="told"></output>
<script>
addEventListener('load', () => {
  const entries = performance.getEntriesByType('resource')
  const [document] = performance.getEntriesByType('navigation')
  told.textContent = JSON.stringify({
    count: entries.length,
    document: document.nextHopProtocol,
    images: [...window.document.images].filter((each) => each.naturalWidth === 7).length,
    protocols: [...new Set(entries.map((each) => each.nextHopProtocol))],
    scripts: window.loaded ?? 0,
    statuses: [...new Set(entries.map((each) => each.responseStatus))],
    styles: [...window.document.styleSheets].filter((each) => each.cssRules.length === 1).length,
  })
})
</script></body></html>`

function build(app: Hotpress): void {
  app.get('/', () => html(page))
  app.get('/image/:name', async () => {
    await new Promise((resolve) => setImmediate(resolve))
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>'
    return text(svg).header('Content-Type', 'image/svg+xml')
  })
  app.get('/script/:name', () =>
    text('window.loaded = (window.loaded ?? 0) + 1').header('Content-Type', 'text/javascript'),
  )
  app.get('/style/:name', (req) => text(`.style${req.params.name} { color: red }`).header('Content-Type', 'text/css'))
}

onTargets('Chromium', missing(command, '--version'), (transport) => {
  for (const [listener, protocol] of [
    ['tls', 'h2'],
    ['http3', 'h3'],
    ['cleartext', 'http/1.1'],
  ] as const) {
    if (listener === 'http3' && !http3Targets.includes(transport)) continue
    describe(listener, () => {
      const served = serve(transport, listener, build, { compression: true })

      test(`a page with ${count} resources arrives by ${protocol}`, async () => {
        const folder = path.join(temporaryFolder(), 'profile')
        const args = [
          ...headless,
          `--user-data-dir=${folder}`,
          '--virtual-time-budget=60000',
          '--dump-dom',
          // An authority of our own is believed for HTTP/3 where it is asked for by name alone, and by its key.
          ...(listener === 'http3'
            ? [
                `--origin-to-force-quic-on=127.0.0.1:${served.address.port}`,
                `--ignore-certificate-errors-spki-list=${pin}`,
              ]
            : []),
          `${served.address.url}/`,
        ]
        const { stderr, stdout } = await run(command, args, { timeout: 120_000 })
        const told = /<output id="told">([^<]*)<\/output>/.exec(stdout)?.[1]
        assert.ok(told, `the page has told nothing: ${stderr}`)
        assert.deepEqual(JSON.parse(told), {
          count,
          document: protocol,
          images: 34,
          protocols: [protocol],
          scripts: 33,
          statuses: [200],
          styles: 33,
        })
      })
    })
  }
})
