import { answersContract } from './http/answers.js'
import { bodiesOutContract } from './http/bodies.js'
import { bodiesInContract } from './http/bodies-in.js'
import { bodiesParsedContract } from './http/bodies-parsed.js'
import { compressionContract } from './http/compression.js'
import { compressionStreamsContract } from './http/compression-streams.js'
import { cookiesContract } from './http/cookies.js'
import { corsContract } from './http/cors.js'
import { decoratorsContract } from './http/decorators.js'
import { errorsContract } from './http/errors.js'
import { headersContract } from './http/headers.js'
import { middlewareContract } from './http/middleware.js'
import { policiesContract } from './http/policies.js'
import { rateLimitContract } from './http/rate-limit.js'
import { requestContract } from './http/request.js'
import { requestHeadersContract } from './http/request-headers.js'
import { routingContract } from './http/routing.js'
import { securityHeadersContract } from './http/security-headers.js'
import { timeoutsContract } from './http/timeouts.js'
import { trustContract } from './http/trust.js'

/** What HTTP means in Hotpress, whatever the transport: each part registers its cases on all of them. */
export function httpContract(): void {
  answersContract()
  bodiesInContract()
  bodiesOutContract()
  bodiesParsedContract()
  compressionContract()
  compressionStreamsContract()
  cookiesContract()
  corsContract()
  decoratorsContract()
  errorsContract()
  headersContract()
  middlewareContract()
  rateLimitContract()
  policiesContract()
  requestContract()
  requestHeadersContract()
  routingContract()
  securityHeadersContract()
  timeoutsContract()
  trustContract()
}
