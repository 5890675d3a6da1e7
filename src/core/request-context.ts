import type { Endings } from './endings.js'
import type { Logger } from './logger.js'
import type { BodyTools } from './multipart.js'
import type { Phase } from './phase.js'
import type { RequestIds } from './request-id.js'
import type { ProxyTrust } from './trust.js'

/** What a request needs of its app. */
export interface RequestContext {
  readonly bodies: BodyTools
  /** Where answers without an end are told of; undefined where there is nothing that closes. */
  readonly endings?: Endings | undefined
  /** Where ids come from, if not from the transport alone. */
  readonly ids?: RequestIds | undefined
  readonly log: Logger
  /** Where the app stands; undefined where there is no app. */
  readonly phase?: Phase | undefined
  /** Which proxies are believed; undefined for none. */
  readonly trust?: ProxyTrust | undefined
}
