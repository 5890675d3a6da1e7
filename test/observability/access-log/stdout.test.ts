import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { load, startApp } from './_process.js'

describe('the access log to standard output', {
  skip: process.platform === 'win32' && 'there are no such signals',
}, () => {
  async function linesOf(deed: string, isHeld: boolean) {
    const { child, ended, url } = await startApp({ flushInterval: 5 }, deed)
    if (isHeld) child.stdout!.pause()
    const answered = await load(url, 'a', 2000).done
    child.stdout!.resume()
    child.kill('SIGTERM')
    const { code, output } = await ended
    assert.equal(code, 0)
    const lines = output
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const ids = lines.filter((line) => 'url.path' in line).map((line) => String(line['url.path']).split('/').at(-1))
    assert.deepEqual(ids.sort(), [...answered].sort())
    return lines
  }

  test('is whole beside the lines of the logger', async () => {
    const lines = await linesOf('log', false)
    const known = new Set(lines.filter((line) => 'url.path' in line).map(({ requestId }) => requestId))
    const own = lines.filter((line) => 'words' in line)
    assert.ok(own.length > 1000 && own.every(({ requestId }) => known.has(requestId)))
  })

  test('waits for whoever reads it, and no request does', async () => {
    await linesOf('', true)
  })
})
