import { randomUUID } from 'node:crypto'
import type { ServerOptions, Socket } from 'socket.io'
import type { Publisher, RawTopics } from '../core/web-socket.js'
import { type EngineConnection, idleSocketOf, message } from './socketio-shortcut.js'
import type { EngineWebSocket } from './socketio-websockets.js'

type AdapterClass = Extract<NonNullable<ServerOptions['adapter']>, new (nsp: never) => unknown>
type AdapterBase = InstanceType<AdapterClass>
type BroadcastOptions = Parameters<AdapterBase['broadcast']>[1]

/** A socket, and the topics of its transport by which it is told. */
interface Lane {
  readonly topics: RawTopics
  readonly subscribed: Set<string>
}

/** Sockets from which on a broadcast goes by a topic: fewer are told one by one as quickly. */
const fewest = 8

/**
 * The adapter within one process, with topics of the transport where that has them (uws): a broadcast is then given to the
 * transport once for all sockets that are ready for it, and to each of the others as ever. A socket is subscribed with the first
 * broadcast that it is told, and for as long as it is ready: what waits for it elsewhere stays in front of what follows.
 */
export function topicAdapter(Base: AdapterClass): AdapterClass {
  return class TopicAdapter extends Base {
    readonly #lanes = new Map<string, Lane>()
    // No topic of the app's own routes can be the same.
    readonly #prefix = randomUUID()

    override broadcast(packet: { nsp?: string }, options: BroadcastOptions): void {
      const { except, flags = {}, rooms } = options
      const [room] = rooms as ReadonlySet<string>
      const members = room === undefined ? this.sids : this.rooms.get(room)
      if (rooms.size > 1 || members === undefined || members.size < fewest || flags.volatile === true) {
        super.broadcast(packet, options)
        return
      }
      const topic = room === undefined ? this.#prefix : `${this.#prefix} ${room}`
      const excluded = this.#idsIn(except)
      const publishers = new Map<Publisher, EngineWebSocket>()
      const others = new Set<string>()
      for (const id of members.keys()) {
        const socket: Socket | undefined = this.nsp.sockets.get(id)
        if (socket === undefined) continue
        const websocket = excluded?.has(id) === true ? undefined : readySocketOf(socket)
        const topics = websocket?.topics
        if (topics !== undefined) {
          this.#join(id, topics, topic)
          publishers.set(topics.publisher, websocket!)
        } else {
          this.#leave(id, topic)
          if (excluded?.has(id) !== true) others.add(id)
        }
      }
      // The others are named by the room that each has to itself, unless it has left that.
      if (publishers.size === 0 || [...others].some((id) => this.rooms.get(id)?.has(id) !== true)) {
        super.broadcast(packet, options)
        return
      }
      this.#publish(packet, topic, publishers, flags.compress !== false)
      if (others.size > 0) super.broadcast(packet, { ...options, rooms: others })
    }

    override del(id: string, room: string): void {
      this.#leave(id, `${this.#prefix} ${room}`)
      super.del(id, room)
    }

    override delAll(id: string): void {
      const lane = this.#lanes.get(id)
      this.#lanes.delete(id)
      for (const topic of lane?.subscribed ?? []) lane?.topics.unsubscribe(topic)
      super.delAll(id)
    }

    #idsIn(rooms: ReadonlySet<string> | undefined): ReadonlySet<string> | undefined {
      if (rooms === undefined || rooms.size === 0) return undefined
      const ids = new Set<string>()
      for (const room of rooms) {
        for (const id of this.rooms.get(room) ?? []) ids.add(id)
      }
      return ids
    }

    #join(id: string, topics: RawTopics, topic: string): void {
      let lane = this.#lanes.get(id)
      if (lane === undefined) {
        lane = { subscribed: new Set(), topics }
        this.#lanes.set(id, lane)
      }
      if (lane.subscribed.has(topic)) return
      lane.subscribed.add(topic)
      topics.subscribe(topic)
    }

    #leave(id: string, topic: string): void {
      const lane = this.#lanes.get(id)
      if (lane?.subscribed.delete(topic) === true) lane.topics.unsubscribe(topic)
    }

    #publish(
      packet: { nsp?: string },
      topic: string,
      publishers: ReadonlyMap<Publisher, EngineWebSocket>,
      mayCompress: boolean,
    ): void {
      packet.nsp = this.nsp.name
      for (const encoded of this.nsp.server.encoder.encode(packet) as (Uint8Array | string)[]) {
        const isBinary = typeof encoded !== 'string'
        const payload = isBinary ? encoded : message + encoded
        for (const [publisher, websocket] of publishers) {
          publisher.publish(topic, payload, isBinary, mayCompress && websocket.compresses(payload))
        }
      }
    }
  }
}

// One that listens for what goes out is told of it on the ordinary way.
function readySocketOf(socket: Socket): EngineWebSocket | undefined {
  if (socket.listenersAnyOutgoing().length > 0) return undefined
  return idleSocketOf(socket.conn as unknown as EngineConnection)
}
