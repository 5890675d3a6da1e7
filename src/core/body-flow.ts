/** What an app or a route says of the bodies of its requests; settled at start. */
export interface BodyRules {
  /** Whether a `Content-Encoding` is undone. */
  readonly decodes: boolean
  /** Bytes of a body, and of what it is decoded to. */
  readonly limit: number
  /** Bytes that are kept of a body that nobody reads, and of a stream ahead of its reader. */
  readonly threshold: number
}

/** What a body asks of its transport. */
export interface BodyFlow {
  /** Bytes as `Content-Length` says, -1 for a chunked body of unknown size. */
  readonly bodySize: number
  /** Has no more sent for now; what is on its way may still come. */
  pauseBody(): void
  /** Somebody reads: a client that waits for a 100 has it. Called once, and only while the request is open. */
  receiveBody(): void
  resumeBody(): void
}
