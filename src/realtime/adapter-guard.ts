import type { Namespace } from 'socket.io'
import type { RedisConnections } from './redis-connections.js'

/** What a namespace has: the base of all adapters. */
export type Adapter = Namespace['adapter']

type Options = Parameters<Adapter['addSockets']>[0]
type Ack = (error: Error | null, responses: unknown[]) => void

/** What an adapter may have beside what every one has. */
interface AsksAll {
  allRooms?(): Promise<Set<string>>
}

/** What another process is asked by has failed; nothing comes of it. */
const nothing = new Promise<never>(() => {})

/**
 * Has an adapter of Redis answer in all cases: what it asks of other processes fails with an error when Redis is away, and
 * never waits for ever. Its own methods are replaced, and no prototype.
 *
 * @param timeout milliseconds for Redis to say how many processes there are.
 * @param onClose called when it is closed.
 */
export function guardAdapter<Guarded extends Adapter & AsksAll>(
  adapter: Guarded,
  connections: RedisConnections,
  timeout: number,
  onClose: () => Promise<void> | void,
): Guarded {
  const own = {
    addSockets: adapter.addSockets.bind(adapter),
    allRooms: adapter.allRooms?.bind(adapter),
    close: adapter.close.bind(adapter),
    delSockets: adapter.delSockets.bind(adapter),
    disconnectSockets: adapter.disconnectSockets.bind(adapter),
    fetchSockets: adapter.fetchSockets.bind(adapter),
    restoreSession: adapter.restoreSession.bind(adapter),
    serverCount: adapter.serverCount.bind(adapter),
    serverSideEmit: adapter.serverSideEmit.bind(adapter),
  }
  let isClosed = false
  /** While sockets of this process are looked up: the adapter with streams counts servers even then, at once. */
  let isLocal = false
  // Those of this process at least: the one with channels tells itself through Redis too.
  const reached = (options: Options): Options =>
    connections.failure === undefined ? options : { ...options, flags: { ...options.flags, local: true } }
  const guards: Partial<Adapter> & AsksAll = {
    addSockets: (options, rooms) => own.addSockets(reached(options), rooms),
    close: async () => {
      if (isClosed) return
      isClosed = true
      await own.close()
      await onClose()
    },
    delSockets: (options, rooms) => own.delSockets(reached(options), rooms),
    disconnectSockets: (options, close) => own.disconnectSockets(reached(options), close),
    fetchSockets: (options) => {
      if (!options.flags?.local) return connections.ask(() => own.fetchSockets(options))
      isLocal = true
      try {
        return own.fetchSockets(options)
      } finally {
        isLocal = false
      }
    },
    restoreSession: (pid, offset) => connections.ask(() => within(own.restoreSession(pid, offset), timeout)),
    // The library does not look whether it fails. Those who wait for it do, by ask().
    serverCount: () => {
      if (isLocal) return Promise.resolve(1)
      const { failure } = connections
      const count = failure === undefined ? within(own.serverCount(), timeout) : Promise.reject(failure)
      return count.catch((error) => {
        connections.fail(error)
        return nothing
      })
    },
    serverSideEmit: (packet) => {
      const ack: unknown = packet.at(-1)
      if (!isAck(ack)) {
        own.serverSideEmit(packet)
        return
      }
      const asked = connections.ask(
        () =>
          new Promise<Parameters<Ack>>((resolve, reject) => {
            const answer: Ack = (error, responses) => resolve([error, responses])
            Promise.resolve(own.serverSideEmit([...packet.slice(0, -1), answer])).catch(reject)
          }),
      )
      asked.then(
        ([error, responses]) => ack(error, responses),
        (error) => ack(error, []),
      )
    },
  }
  const { allRooms } = own
  if (allRooms !== undefined) guards.allRooms = () => connections.ask(allRooms)
  return Object.assign(adapter, guards)
}

function isAck(value: unknown): value is Ack {
  return typeof value === 'function'
}

function within<Value>(promise: Promise<Value>, milliseconds: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Redis did not answer within ${milliseconds} ms`)), milliseconds)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
