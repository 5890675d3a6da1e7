import type { Publisher, RawTopics, WebSocketData, WebSocketSendOptions } from '../core/web-socket.js'
import { type Message, messageOf } from './websocket-message.js'

/** A socket, as topics know it. */
export interface Subscriber {
  readonly rawTopics: RawTopics | undefined
  deliver(message: Message): boolean
  isSubscribed(topic: string): boolean
}

/** The topics of an app: the sockets that are told one by one, and those that transports tell by topics of their own. */
export class SocketHub {
  readonly #publishers = new Map<Publisher, number>()
  readonly #topics = new Map<string, Set<Subscriber>>()

  /** Counts a socket of a transport with topics of its own. */
  joined(publisher: Publisher): void {
    this.#publishers.set(publisher, (this.#publishers.get(publisher) ?? 0) + 1)
  }

  left(publisher: Publisher): void {
    const count = (this.#publishers.get(publisher) ?? 1) - 1
    if (count === 0) this.#publishers.delete(publisher)
    else this.#publishers.set(publisher, count)
  }

  publish(topic: string, data: WebSocketData, options: WebSocketSendOptions | undefined): void {
    this.tell(topic, messageOf(data, options), undefined)
  }

  subscribe(topic: string, socket: Subscriber): void {
    const sockets = this.#topics.get(topic)
    if (sockets === undefined) this.#topics.set(topic, new Set([socket]))
    else sockets.add(socket)
  }

  /** Tells all who are subscribed but one. */
  tell(topic: string, message: Message, except: Subscriber | undefined): void {
    const { bytes, compress, isBinary } = message
    // A transport may let nobody publish by a socket that is subscribed to nothing.
    const own = except?.isSubscribed(topic) === true ? except.rawTopics : undefined
    own?.publish(topic, bytes, isBinary, compress)
    for (const publisher of this.#publishers.keys()) {
      if (publisher !== own?.publisher) publisher.publish(topic, bytes, isBinary, compress)
    }
    for (const socket of this.#topics.get(topic) ?? []) {
      if (socket !== except) socket.deliver(message)
    }
  }

  unsubscribe(topic: string, socket: Subscriber): void {
    const sockets = this.#topics.get(topic)
    sockets?.delete(socket)
    if (sockets?.size === 0) this.#topics.delete(topic)
  }
}
