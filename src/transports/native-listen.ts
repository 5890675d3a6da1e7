import { availableParallelism } from 'node:os'
import type { NativeIdentity, NativeListenOptions } from '../native/types.js'
import type { CertificateSettings, ListenSettings, TransportHost } from './transport.js'

/** Milliseconds for a handshake where there is none. */
const handshakeTimeout = 10_000

/** More threads than these find no more for the one that runs JavaScript. */
const mostThreads = 4

/** What the native core listens with, beside the event loop. */
export function listenOptionsFor(where: ListenSettings, host: TransportHost): NativeListenOptions {
  const { backlog, held, fd = held, http2, http3, reusePort, threads, tls } = where
  const options = {
    backlog,
    connectionWindow: http2.connectionWindow ?? 1024 ** 2,
    ...(fd === undefined ? {} : { descriptor: fd }),
    handshakeTimeout: tls?.handshakeTimeout ?? handshakeTimeout,
    http3,
    maxConcurrentStreams: http2.maxConcurrentStreams ?? 128,
    reusePort,
    streamWindow: http2.streamWindow ?? 256 * 1024,
    threads: threads ?? Math.max(1, Math.min(mostThreads, availableParallelism() - 1)),
    upgrades: host.bridge !== undefined,
  }
  if (tls === undefined) return options
  return {
    ...options,
    tls: {
      ...identityOf(tls),
      ciphers: tls.ciphers ?? [],
      clients: tls.clients?.caChain ?? [],
      http2: http2.isOffered,
      isClientRequired: tls.clients?.isRequired ?? false,
      onlyTls13: tls.minVersion === 'TLSv1.3',
      sessionTickets: tls.sessionTickets,
    },
  }
}

/** Certificates and ticket keys, as the native core takes them. */
export function identityOf({ certificates, ticketKeys }: CertificateSettings): NativeIdentity {
  return {
    certificates: certificates.map(({ chain, keyDer, names, ocsp }) => ({
      chain,
      key: keyDer,
      names,
      ...(ocsp === undefined ? {} : { ocsp }),
    })),
    ticketKeys: ticketKeys ?? [],
  }
}
