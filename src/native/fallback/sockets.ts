/** Node has no way to share a port before 23.1. */
export const bindShared = undefined

/** Node has no way to the sockets of another library. */
export function limitReceiveBuffers(): boolean {
  return false
}
