import type { Socket } from 'socket.io-client'

/** Events by name, each a function type; an interface of them fits. */
export interface SocketIoClientEvents {
  // biome-ignore lint/suspicious/noExplicitAny: the library's own constraint, which no interface would meet with unknown
  [event: string]: any
}

/** Where no events are named: any of them, with any arguments. */
export interface AnyEvents {
  // biome-ignore lint/suspicious/noExplicitAny: nothing is known of them
  [event: string]: (...args: any[]) => void
}

/**
 * A `Socket` of socket.io-client. Every acknowledgement is waited for no longer than `ackTimeout` says: `emitWithAck()` rejects
 * then, and a callback gets an error, or null, before the answer.
 */
export type SocketIoClient<
  Listen extends SocketIoClientEvents = AnyEvents,
  Emit extends SocketIoClientEvents = Listen,
> = Answered<Listen, Emit> & Socket<Listen, WithErrors<Emit>>

// The library's own types give the error of these as the answer, and a second one after timeout().
interface Answered<Listen extends SocketIoClientEvents, Emit extends SocketIoClientEvents> {
  /** Sends an event and waits for its answer. */
  emitWithAck<Name extends keyof Emit & string>(event: Name, ...args: Sent<Emit[Name]>): Promise<Answer<Emit[Name]>>
  /** Has the next event wait for its answer for this many milliseconds. */
  timeout(milliseconds: number): SocketIoClient<Listen, Emit>
}

type WithErrors<Events> = {
  [Name in keyof Events]: Events[Name] extends (...args: infer Args) => infer Result
    ? (...args: { [Index in keyof Args]: WithError<Args[Index]> }) => Result
    : Events[Name]
}
type WithError<Arg> = Arg extends (...args: infer Answers) => infer Result
  ? (error: Error | null, ...answers: Answers) => Result
  : Arg
type Sent<Event> = Event extends (...args: [...infer Args, infer _Done]) => unknown ? Args : unknown[]
type Answer<Event> = Event extends (...args: [...infer _Args, (answer: infer Value) => unknown]) => unknown
  ? Value
  : unknown
