import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { NativeDuplex } from '../../src/transports/native-duplex.js'
import { NodeConnections } from '../../src/transports/node-connections.js'

/** A connection of the native core that a server of Node has taken, whose client has yet to take what was sent. */
function begin(): { readonly connections: NodeConnections; readonly duplex: NativeDuplex; readonly told: string[] } {
  const told: string[] = []
  const duplex = new NativeDuplex(
    {
      cut: () => void told.push('cut'),
      end: () => {
        told.push('end')
        return false
      },
      pause: () => {},
      write: () => true,
    },
    { address: () => undefined, isSecure: false },
  )
  const server = createServer()
  const connections = new NodeConnections(server, new Set<Duplex>())
  connections.accept(duplex)
  return { connections, duplex, told }
}

test('what a client has yet to take of its last answer is sent before its connection is closed', async () => {
  const { connections, duplex, told } = begin()
  connections.close()
  assert.deepEqual(told, [])
  for (let looks = 0; looks < 20; looks++) connections.closeIdle()
  await new Promise(setImmediate)
  assert.deepEqual(told, ['end'])
  assert.equal(connections.size, 1)
  assert.equal(duplex.listenerCount('finish') < 10, true)
  duplex.onDrain()
  await new Promise(setImmediate)
  assert.deepEqual([told, connections.size], [['end', 'cut'], 0])
})

test('what is read between two looks is waited for', async () => {
  const { connections, duplex, told } = begin()
  connections.close()
  duplex.onData(Buffer.from('GET / HT'))
  await new Promise(setImmediate)
  connections.closeIdle()
  await new Promise(setImmediate)
  assert.deepEqual(told, [])
  connections.closeIdle()
  await new Promise(setImmediate)
  assert.deepEqual(told, ['end'])
  connections.destroy()
  assert.equal(told.at(-1), 'cut')
})
