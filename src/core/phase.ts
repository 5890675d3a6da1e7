/**
 * Where an app stands: it has no listener yet, it takes requests, it waits for those under way, it has none any more and may
 * listen again.
 */
export type PhaseName = 'closed' | 'draining' | 'ready' | 'starting'

/** The phase of one app, which it alone changes. */
export class Phase {
  name: PhaseName = 'starting'
}
