import type { TransportName } from '../../core/settings.js'
import type { CloseSettings } from '../options.js'

/** Where workers listen. */
export interface WorkerAddress {
  readonly host: string
  readonly port: number
  readonly transport: TransportName
  readonly url: string
}

/** What a worker is told. Programs may send messages of their own: these have a key that others have not. */
export type ToWorker =
  | { readonly hotpress: 'ask'; readonly name: string; readonly number: number }
  /** The answer to its own: no connection is on its way to it. */
  | { readonly hotpress: 'bye' }
  | { readonly hotpress: 'close'; readonly settings: CloseSettings }
  | { readonly hotpress: 'ping' }
  /** Its files are to be opened anew: what `SIGUSR2` is by itself. */
  | { readonly hotpress: 'reopen' }

/** What a worker tells. Times are the most milliseconds that its end takes. */
export type FromWorker =
  | { readonly error?: string; readonly hotpress: 'answer'; readonly number: number; readonly value?: unknown }
  /** It listens no more, and ends when it is answered. */
  | { readonly hotpress: 'bye' }
  | { readonly code?: string | undefined; readonly hotpress: 'failed'; readonly reason: string }
  /** It is about to listen, and takes orders. */
  | { readonly hotpress: 'hello'; readonly time: number }
  /** It closes, whether it was told to or not. */
  | { readonly hotpress: 'leaving'; readonly time: number }
  | { readonly hotpress: 'pong' }
  /** It serves; `isHeld` says whether by the socket that is held for it. */
  | { readonly address: WorkerAddress; readonly hotpress: 'ready'; readonly isHeld: boolean; readonly time: number }

/** Whether a message is one of these, and not one of the program's. */
export function isMessage<Message extends FromWorker | ToWorker>(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'hotpress' in value && typeof value.hotpress === 'string'
}
