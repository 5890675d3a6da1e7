import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { Hotpress } from '../../src/index.js'
import { raw } from '../_setup.js'
import { variants } from '../_variants.js'

describe('polling of Socket.IO', () => {
  for (const { client, listen, name, skip, transport } of variants) {
    test(`is served by ${name}, for longer than requestTimeout`, { skip }, async () => {
      const app = new Hotpress({ logger: false, requestTimeout: 50, transport })
      const io = app.socketio({ pingInterval: 400 })
      io.on('connection', (socket) => socket.on('say', (text, done) => done(text)))
      const { url } = await app.listen(listen)
      const { close, fetch: ask } = client?.(url) ?? {
        close: () => {},
        fetch: (path: string, init?: RequestInit) => fetch(url + path, init),
      }
      after(async () => {
        close()
        await app.close()
      })
      const path = '/socket.io/?EIO=4&transport=polling'
      const opened = await (await ask(path)).text()
      const { sid } = JSON.parse(opened.slice(1)) as { sid: string }
      const poll = async (): Promise<string> => (await ask(`${path}&sid=${sid}`)).text()
      const say = async (body: string): Promise<string> => {
        const headers = { 'content-type': 'text/plain;charset=UTF-8' }
        return (await ask(`${path}&sid=${sid}`, { body, headers, method: 'POST' })).text()
      }
      assert.equal(await say('40'), 'ok')
      assert.match(await poll(), /^40\{"sid":/)
      assert.equal(await say('421["say","grüß dich"]'), 'ok')
      assert.equal(await poll(), '431["grüß dich"]')
      assert.equal(await poll(), '2')
    })
  }
})

describe('beside Socket.IO', () => {
  for (const { listen, name, protocol, skip, transport, version } of variants) {
    if (version !== '1.1') continue
    test(`an upgrade that nobody wants is an ordinary request on ${name}`, { skip }, async () => {
      const app = new Hotpress({ logger: false, transport })
      app.socketio()
      app.get('/plain', () => 'plain')
      const { port } = await app.listen(listen)
      after(() => app.close())
      const head = 'GET /plain HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'
      const { text } = await raw(port, head, 200, protocol === 'https')
      assert.match(text, /^HTTP\/1\.1 200 /)
      assert.match(text, /plain$/)
    })
  }
})
