import { type RequestKey, requestKey } from './request-key.js'

/** Set on a request that is answered when there is something to tell: `requestTimeout` is not for it. */
export const patience: RequestKey<true> = requestKey<true>('patience')
