import type { RequestBody } from './body.js'
import type { BodyRules } from './body-flow.js'

/** The part of a request's source that has to do with its body. */
export interface BodySource {
  /** What {@link acceptBody} made; undefined for a request without a body. */
  readonly body: RequestBody | undefined
  /** Bytes as `Content-Length` says, 0 for no body, -1 for a chunked body of unknown size. */
  readonly bodySize: number
  /** Whether there is a `Content-Encoding`, where the transport knows without a look at the headers. */
  readonly isCoded?: boolean
  /** Whether the `Content-Type` is `application/json`; false where the transport does not know. */
  readonly isJson?: boolean
  /** Makes the body of the request, unless it has none; called once, before anybody reads. */
  acceptBody(rules: BodyRules): void
}
