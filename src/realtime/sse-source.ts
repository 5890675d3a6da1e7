import type { HttpRequest } from '../core/request.js'
import type { SseEvent } from './sse-event.js'

/** Events that there are, or will be. */
export type SseEvents = AsyncIterable<SseEvent | string> | Iterable<SseEvent | string>

/** What the events of one client are sent by, beside or in place of a generator. */
export interface SseStream {
  /** Bytes that wait for the client. */
  readonly bufferedAmount: number
  /** Whether events are still taken. */
  readonly isOpen: boolean
  /** The id of the last event that the client had before it lost its connection; undefined when it comes for the first time. */
  readonly lastEventId: string | undefined
  /** Aborted when the stream is over, whoever ended it. */
  readonly signal: AbortSignal
  /** Ends the stream when what was sent is out. The client comes again unless it is told not to. */
  close(): void
  /**
   * Sends an event.
   *
   * @returns false where the stream is over, and the event is let go.
   * @throws HotpressError `EVENT_INVALID`
   */
  send(event: SseEvent | string): boolean
}

/** Undoes what a source has set up; called once, when the stream is over. */
export type SseCleanup = () => void

/** Gives the events of one client: as a generator, or by what it sends to the stream. */
export type SseSource<Params = Readonly<Record<string, string>>> = (
  request: HttpRequest<Params>,
  stream: SseStream,
  // biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement has the type void
) => AsyncIterable<SseEvent | string> | Promise<SseCleanup | undefined | void> | SseCleanup | undefined | void

/** What all streams of one handler have in common. */
export interface SseSettings {
  /** Milliseconds of silence after which a comment is sent; 0 for never. */
  readonly heartbeat: number
  /** Bytes that may wait for a client. */
  readonly maxBackpressure: number
  readonly replay: ((lastEventId: string, request: HttpRequest) => Promise<SseEvents> | SseEvents) | undefined
  /** Milliseconds; undefined for what clients do. */
  readonly retry: number | undefined
}
