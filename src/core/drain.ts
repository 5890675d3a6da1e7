/** How a listener ends. Times are milliseconds, from when it accepts nothing more. */
export interface DrainPlan {
  /** For the requests under way: what is left then is cut off. */
  readonly drain: number
  /** For a connection without a request to bring one more, which is answered as its last. No more than `drain`. */
  readonly idleGrace: number
}

/** What is open. */
export interface Census {
  readonly connections: number
  /** Those that a handler is at work on, or whose answer is being sent. */
  readonly requests: number
  /** WebSockets, those of Socket.IO among them. */
  readonly sockets: number
}

/** What is open in several places. */
export function total(all: readonly Census[]): Census {
  let [connections, requests, sockets] = [0, 0, 0]
  for (const each of all) {
    connections += each.connections
    requests += each.requests
    sockets += each.sockets
  }
  return { connections, requests, sockets }
}
