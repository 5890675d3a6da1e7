import { type AddressInfo, createServer } from 'node:net'
import { HotpressError } from '../errors.js'

/**
 * Whether an address can be listened on: it is tried, and let go of.
 *
 * @param port 0 for any that is free.
 * @returns the port.
 * @throws HotpressError `ADDRESS_IN_USE`, `ADDRESS_REFUSED`
 */
export function probePort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const address = `${host}:${port}`
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') reject(new HotpressError('ADDRESS_IN_USE', { address }, { cause: error }))
      else reject(new HotpressError('ADDRESS_REFUSED', { address, reason: error.message }, { cause: error }))
    })
    probe.listen({ exclusive: true, host, port }, () => {
      const found = (probe.address() as AddressInfo).port
      probe.close(() => resolve(found))
    })
  })
}
