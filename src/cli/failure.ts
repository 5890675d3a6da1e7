/** What whoever has typed the command can put right: it is told in one line. */
export class Failure extends Error {}

/** Tells what has failed: in one line where that is enough, with its stack where the program itself has failed. */
export function tellFailure(error: unknown): void {
  // By its name: the app may have another copy of the package.
  const isPlain = error instanceof Failure || (error instanceof Error && error.name === 'HotpressError')
  console.error(isPlain ? `hotpress: ${error.message}` : error)
}
