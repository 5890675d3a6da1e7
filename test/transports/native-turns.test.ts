import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { start, variantNamed } from '../_setup.js'
import { open } from './_server.js'

const skip = variantNamed('native').skip

test('slow handlers on many connections leave the event loop to others in between', { skip }, async () => {
  const connections = 30
  let served = 0
  let servedBefore: number | undefined
  const { address } = await start('native', (app) => {
    app.get('/', () => {
      if (served++ === 0) {
        setImmediate(() => {
          servedBefore = served
        })
      }
      const until = performance.now() + 5
      while (performance.now() < until);
      return 'slow'
    })
  })
  const sockets = Array.from({ length: connections }, () => open(address.port))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  const answers = sockets.map(async (socket) => {
    const [chunk] = await once(socket, 'data')
    return String(chunk).slice(0, 15)
  })
  // All of them are readable when the event loop comes to look.
  for (const socket of sockets) socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['HTTP/1.1 200 OK']))
  for (const socket of sockets) socket.destroy()
  assert.equal(served, connections)
  assert.ok(servedBefore! < connections, `${servedBefore} requests came before anything else`)
})
