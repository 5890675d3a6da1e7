import type { Message } from './events.js'

const longest = 100

/** A room: who is in it, by socket, and the last of what was said. */
export class Room {
  #last = 0
  readonly #messages: Message[] = []
  readonly name: string
  readonly #people = new Map<string, string>()
  readonly #typing = new Set<string>()

  constructor(name: string) {
    this.name = name
  }

  /** Names, each once however many pages somebody has open. */
  get people(): string[] {
    return [...new Set(this.#people.values())].sort((one, other) => one.localeCompare(other))
  }

  get typing(): string[] {
    return [...new Set([...this.#typing].map((socket) => this.#people.get(socket) ?? ''))]
  }

  enter(socket: string, name: string): void {
    this.#people.set(socket, name)
  }

  leave(socket: string): void {
    this.#people.delete(socket)
    this.#typing.delete(socket)
  }

  /** What somebody has said by a key already, for whom the answer was lost. */
  find(socket: string, key: string): Message | undefined {
    const from = this.#people.get(socket)
    return this.#messages.find((message) => message.key === key && message.from === from)
  }

  say(socket: string, text: string, key: string): Message {
    const message = { at: Date.now(), from: this.#people.get(socket) ?? '', id: ++this.#last, key, text }
    this.#messages.push(message)
    if (this.#messages.length > longest) this.#messages.shift()
    return message
  }

  /** @returns whether that is news. */
  setTyping(socket: string, isTyping: boolean): boolean {
    if (isTyping === this.#typing.has(socket)) return false
    if (isTyping) this.#typing.add(socket)
    else this.#typing.delete(socket)
    return true
  }

  /** The messages after one; undefined where something between is not kept any more, or it is none of this room. */
  since(id: number): Message[] | undefined {
    const first = this.#messages[0]?.id ?? this.#last + 1
    return id >= first - 1 && id <= this.#last && id > 0 ? this.#messages.filter((each) => each.id > id) : undefined
  }

  /** All that are kept. */
  get messages(): readonly Message[] {
    return this.#messages
  }
}
