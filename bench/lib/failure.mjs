/** What ends a run for a reason that the message gives in full: it is printed without a stack. */
export class Failure extends Error {}
