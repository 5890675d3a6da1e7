/** Where lines go. Its calls never overlap, but for {@link writeSync}. */
export interface Sink {
  /** What it is called in messages. */
  readonly name: string
  close(): Promise<void>
  /**
   * Makes it ready, again after {@link close} too.
   *
   * @throws HotpressError `ACCESS_LOG_UNAVAILABLE`
   */
  open(): void
  /**
   * Takes bytes, which stay as they are until it resolves.
   *
   * @returns how many were taken, from the first on; it rejects when it has taken none.
   */
  write(bytes: Uint8Array): Promise<number>
  /** As {@link write}, before it returns; undefined where that cannot be. */
  readonly writeSync?: (bytes: Uint8Array) => number
}

/** Tells of lines that a sink has not been able to deliver, though it had taken them. */
export type OnLost = (lines: number, error: unknown) => void
