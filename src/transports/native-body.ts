/** The bits of what the native core tells of a body; `native/src/inloop/handover.rs` has them too. */
export const Body = { chunked: 2, coded: 8, json: 4, kind: 3 } as const

/** Bytes as `Content-Length` says, in two halves; 0 for no body, -1 for a chunked one. */
export function bodySize(bits: number, low: number, high: number): number {
  const kind = bits & Body.kind
  if (kind === 0) return 0
  return kind === Body.chunked ? -1 : high * 2 ** 32 + low
}
