import { lookup } from 'node:dns/promises'
import type { Settings } from '../core/settings.js'
import { HotpressError } from '../errors.js'
import { binding } from '../native/binding.js'
import { NativeTransportServer } from './native-server.js'
import { isCommonKey } from './tls-key.js'
import type { Listening, ListenSettings, Refusal, Transport, TransportHost } from './transport.js'

async function load(): Promise<string | undefined> {
  const { kind, reason } = binding()
  return kind === 'native' ? undefined : `the native core is not in use: ${reason}`
}

function refuses({ proxyProtocol }: Settings, { fd, http3, reusePort, tls }: ListenSettings): Refusal | undefined {
  if (fd !== undefined && process.platform === 'win32') {
    return { option: 'fd', reason: 'sockets of Windows have no descriptors' }
  }
  if (http3 && proxyProtocol !== undefined) {
    return { option: 'http3', reason: 'proxyProtocol is of TCP: over UDP no proxy could say who its client is' }
  }
  if (reusePort && process.platform === 'win32') {
    return { option: 'reusePort', reason: 'Windows has nothing like it' }
  }
  const unusual = tls?.certificates.find(({ keyDer }) => !isCommonKey(keyDer))
  if (unusual === undefined) return undefined
  return {
    option: 'key of tls',
    reason: 'it signs with RSA of up to 4,096 bits, P-256, P-384 and Ed25519; use the transport node',
  }
}

async function listen(host: TransportHost, where: ListenSettings): Promise<Listening> {
  const server = new NativeTransportServer(host)
  const address = where.fd === undefined ? `${where.host}:${where.port}` : `descriptor ${where.fd}`
  const refused = (reason: string): HotpressError => new HotpressError('ADDRESS_REFUSED', { address, reason })
  const resolved = await lookup(where.host).catch((error: Error) => {
    throw refused(error.message)
  })
  const taken = server.listen(resolved.address, where)
  const [, port] = taken
  if (typeof port === 'number') {
    const listening: Listening = {
      close: (plan) => server.close(plan),
      count: () => server.count(),
      ...(where.fd === undefined ? {} : { host: taken[0] }),
      port,
    }
    if (where.tls === undefined) return listening
    return { ...listening, setCertificates: (settings) => server.setCertificates(settings) }
  }
  const [code, message] = [taken[0], port]
  if (code === 'TLS') throw new HotpressError('CERTIFICATE_UNREADABLE', { option: 'cert and key', reason: message })
  throw code === 'EADDRINUSE' ? new HotpressError('ADDRESS_IN_USE', { address }) : refused(`${code} (${message})`)
}

/** Plaintext HTTP/1.1 by the native core, in the event loop. */
export const nativeTransport: Transport = { listen, load, name: 'native', refuses }
