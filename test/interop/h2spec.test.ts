// h2spec: 146 cases of RFC 9113 and RFC 7541, by raw frames.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { type Hotpress, text } from '../../src/index.js'
import { missing, run } from './_programs.js'
import { onTargets, serve, type TargetName } from './_targets.js'

// `go install github.com/summerwind/h2spec/cmd/h2spec` in the folder `h2spec` puts it there.
const installed = path.join(homedir(), 'go/bin/h2spec')
const command = existsSync(installed) ? installed : 'h2spec'

// Cases of 146 that must pass, by who listens how. Over h2c, what does not begin with the preface of HTTP/2 is HTTP/1.1, and
// has a 400 where a GOAWAY is wanted. What node fails is its library's: 8 or 9 cases, most of them of a stream that is
// closed; its h2c would wait for them again and show nothing else.
const least: readonly (readonly [transport: TargetName, listener: 'cleartext' | 'tls', passed: number])[] = [
  ['native', 'cleartext', 145],
  ['native', 'tls', 145],
  ['node', 'tls', 136],
]

onTargets('h2spec', missing(command, '--version'), (transport) => {
  for (const [name, listener, needed] of least) {
    if (name !== transport) continue
    const served = serve(transport, listener, (app: Hotpress) => {
      // More than the window of a stream: the cases then find streams that are still open.
      const large = text('x'.repeat(200_000))
      app.get('/large', () => large)
      app.post('/large', async (req) => {
        await req.bytes()
        return large
      })
    })

    test(`at least ${needed} of 146 cases, ${listener}`, async (context) => {
      const { port } = served.address
      const secure = listener === 'tls' ? ['-t', '-k'] : []
      const args = ['-h', '127.0.0.1', '-p', String(port), '-S', '-P', '/large', ...secure]
      const { stdout } = await run(command, args, { timeout: 120_000 })
      const [line, all, passed] = /^(\d+) tests, (\d+) passed, \d+ skipped, \d+ failed$/m.exec(stdout) ?? []
      assert.equal(all, '146', stdout)
      context.diagnostic(line!)
      const failures = stdout.slice(Math.max(0, stdout.indexOf('Failures:')))
      assert.ok(Number(passed) >= needed, failures)
    })
  }
})
