import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HeaderPairs } from './headers.js'
import type { RequestSource } from './request-source.js'

/** A WebSocket of a transport that speaks the protocol itself. After `onClose` nothing may be called. */
export interface TransportSocket {
  /** Bytes that were sent and that the system has not taken yet. */
  readonly bufferedAmount: number
  /** Sends a close frame, and closes when the client has answered. */
  close(code: number, reason: string): void
  /** Breaks the connection. */
  cut(): void
  /** @returns false where it was dropped, as the socket is full. */
  send(data: string | Uint8Array, isBinary: boolean, isCompressed: boolean): boolean
}

/** What a {@link TransportSocket} tells its owner. */
export interface TransportSocketEvents {
  /** The last call. */
  onClose(code: number, reason: Buffer): void
  /** What was sent has been taken by the system. */
  onDrain(): void
  /** @param data is the owner's. */
  onMessage(data: Buffer, isBinary: boolean): void
  onOpen(socket: TransportSocket): void
}

/** A request for a WebSocket that is neither accepted nor refused yet. The first answer wins. */
export interface PendingUpgrade {
  /** Outlives the request. */
  readonly source: RequestSource
  /** Whether the client has left. */
  readonly isGone: boolean
  /** @param headers of the 101, names and values one after the other. */
  accept(events: TransportSocketEvents, headers: HeaderPairs): void
  onGone(callback: () => void): void
  refuse(status: number, headers: HeaderPairs, body: string | Uint8Array): void
}

/** Whom requests for a WebSocket are for, by their path. Nothing here throws. */
export interface UpgradeRoute {
  /** Whether messages may be compressed. */
  readonly isCompressed: boolean
  /** Bytes of a message. */
  readonly maxPayload: number
  /** Each, as it is and with a slash behind it. */
  readonly path: string
  /** Takes one on a transport that speaks WebSocket itself. */
  upgrade(pending: PendingUpgrade): void
  /** Takes one on a transport that gives the connection itself, as Node does. */
  upgradeStream(source: RequestSource, req: IncomingMessage, socket: Duplex, head: Buffer): void
}

/** The route for a path; undefined where there is none. */
export function upgradeRouteFor(routes: readonly UpgradeRoute[], path: string): UpgradeRoute | undefined {
  return routes.find((route) => isOf(route.path, path))
}

/** Whether a request is for what stands at a path, with or without a slash behind it. */
export function isOf(base: string, path: string): boolean {
  return (
    path.startsWith(base) && (path.length === base.length || (path.length === base.length + 1 && path.endsWith('/')))
  )
}
