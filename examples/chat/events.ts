/** What somebody said in a room. */
export interface Message {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly from: string
  /** Counts the messages of its room, from 1. */
  readonly id: number
  /** By which its sender knows it, before it has an id. */
  readonly key: string
  readonly text: string
}

/** A room as everybody sees it. */
export interface RoomSummary {
  readonly name: string
  /** How many are in it. */
  readonly people: number
}

/** What a client is answered: what it asked for, or why not, in words for people. */
export type Answer<Value> = { readonly problem: string } | (Value & { readonly problem?: undefined })

export type Joined = Answer<{
  /** Whether these are all messages that are kept, and not only those after the last that the client has. */
  readonly isWhole: boolean
  readonly messages: readonly Message[]
  readonly people: readonly string[]
  readonly typing: readonly string[]
}>

/** What clients send. */
export interface ClientEvents {
  /** @param after the id of the last message that the client has of the room; 0 for none. */
  join(room: string, after: number, done: (answer: Joined) => void): void
  /** @param key made up by the client: with one that was sent before nothing is said again. */
  say(text: string, key: string, done: (answer: Answer<{ readonly message: Message }>) => void): void
  typing(isTyping: boolean): void
}

/** What the server sends. */
export interface ServerEvents {
  message(message: Message): void
  people(names: readonly string[]): void
  rooms(rooms: readonly RoomSummary[]): void
  typing(names: readonly string[]): void
}
