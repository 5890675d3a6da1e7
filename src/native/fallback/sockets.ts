/** Node has no way to the sockets of another library. */
export function limitReceiveBuffers(): boolean {
  return false
}
