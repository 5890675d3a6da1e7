import { isMainThread } from 'node:worker_threads'
import type { Settings } from '../core/settings.js'
import { HotpressError } from '../errors.js'
import { nativeTransport } from './native.js'
import { nodeTransport } from './node.js'
import type { ListenSettings, Refusal, Transport } from './transport.js'
import { uwsTransport } from './uws.js'

// In the order in which `auto` asks; the last needs nothing but Node.
const all: readonly Transport[] = [uwsTransport, nativeTransport, nodeTransport]
// With TLS uws is slower than native, and has HTTP/1.1 alone: it is taken by name.
const secure: readonly Transport[] = [nativeTransport, nodeTransport]

// A thread that is terminated while the library listens in it ends the whole process: by its name alone, then.
function inThread({ name }: Transport): Refusal | undefined {
  if (isMainThread || name !== 'uws') return undefined
  return { option: 'transport', reason: 'it must not be terminated in a worker thread' }
}

/**
 * The transport for an app: the one named, or with `auto` the first that runs here and can honour every option.
 *
 * @param passedOver told, with a reason, of each that `auto` did not take.
 * @throws HotpressError `TRANSPORT_UNAVAILABLE` or `OPTION_REFUSED` for one that was named and cannot.
 */
export async function chooseTransport(
  settings: Settings,
  where: ListenSettings,
  hasBridge: boolean,
  passedOver: (name: string, reason: string) => void,
): Promise<Transport> {
  const named = all.find((transport) => transport.name === settings.transport)
  if (named !== undefined) {
    const reason = await named.load()
    if (reason !== undefined) throw new HotpressError('TRANSPORT_UNAVAILABLE', { reason, transport: named.name })
    const refusal = named.refuses(settings, where, hasBridge)
    if (refusal !== undefined) throw new HotpressError('OPTION_REFUSED', { ...refusal, transport: named.name })
    return named
  }
  const reasons: string[] = []
  for (const transport of where.tls === undefined ? all : secure) {
    const refusal = inThread(transport) ?? transport.refuses(settings, where, hasBridge)
    const reason = refusal?.reason ?? (await transport.load())
    if (reason === undefined) return transport
    passedOver(transport.name, reason)
    reasons.push(`${transport.name}: ${refusal === undefined ? reason : `${refusal.option}, ${reason}`}`)
  }
  const reason = `none can honour every option (${reasons.join('; ')})`
  throw new HotpressError('TRANSPORT_UNAVAILABLE', { reason, transport: 'auto' })
}
