import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { createApp } from '../../examples/ticker/app.js'
import { Market } from '../../examples/ticker/market.js'
import { variants } from '../_variants.js'
import { withBrowser } from '../interop/_devtools.js'
import { missing } from '../interop/_programs.js'

describe('the market', () => {
  test('keeps what it has told, and no more than it can', () => {
    const market = new Market(() => 1)
    const seen: number[] = []
    const stop = market.onTick(({ id }) => seen.push(id))
    const first = market.history.at(-1)!.id
    for (let count = 0; count < 300; count++) market.tick()
    stop()
    market.tick()
    assert.equal(seen.length, 300)
    assert.equal(market.history.length, 240)
    assert.deepEqual(
      market.since(first + 299).map(({ id }) => id),
      [first + 300, first + 301],
    )
    assert.equal(market.since(1).length, 240)
    assert.ok(market.history.at(-1)!.prices.every((price) => Number.isFinite(price) && price > 0))
  })
})

const points = "document.querySelector('#line').getAttribute('d')?.match(/[ML]/g).length"
const state = "document.querySelector('#state').dataset.state"

for (const { name, protocol, skip, transport, version } of variants) {
  if (protocol !== 'http' || version !== '1.1') continue
  describe(`the page of the ticker on ${name}`, () => {
    const market = new Market()
    const app = createApp(market, { logger: false, transport })
    after(() => app.close())

    test('draws prices as they come, and misses none when its connection was cut', {
      skip: skip || missing('chromium', '--version'),
      timeout: 120_000,
    }, async () => {
      const { url } = await app.listen()
      await withBrowser(async (open) => {
        const page = await open(`${url}/`)
        await page.until(`${points} === 60 && ${state} === 'live'`)
        market.tick()
        await page.until(`${points} === 61`)
        const price = market.tick().prices[3]!.toFixed(3)
        await page.evaluate("document.querySelectorAll('.good')[3].click()")
        await page.until(`document.querySelector('#price').textContent === '${price}'`)
        assert.equal(await page.evaluate("document.querySelector('#name').textContent"), 'Saffron')
        assert.equal(await page.evaluate("document.querySelectorAll('[aria-pressed=true]').length"), 1)

        await page.evaluate(`globalThis.wasLost = false
          new MutationObserver(() => { wasLost ||= ${state} === 'lost' })
            .observe(document.querySelector('#state'), { attributes: true })`)
        await page.evaluate("document.querySelector('#cut').click()")
        await page.until('wasLost')
        for (let count = 0; count < 5; count++) market.tick()
        await page.until(`${state} === 'live' && ${points} === 67`)
        const after = market.tick().prices[3]!.toFixed(3)
        await page.until(`${points} === 68 && document.querySelector('#price').textContent === '${after}'`)
        assert.deepEqual(page.complaints, [])
      })
    })
  })
}
