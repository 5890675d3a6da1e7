import type { Census } from '../core/drain.js'
import type { Instruments } from '../core/instruments.js'
import type { MetricFamily, ValueFamily } from '../core/metric.js'
import { addFamilies } from './metrics-merge.js'

/** What the parts of an app say of themselves. */
export function partFamilies({ meters }: Instruments): readonly MetricFamily[] {
  return addFamilies(meters().flatMap((read) => read()))
}

/** What an app has open, by transport, and what its parts say of themselves. */
export function appFamilies(instruments: Instruments): readonly MetricFamily[] {
  const open = (name: string, help: string, key: keyof Census): ValueFamily => {
    const byTransport = new Map<string, number>()
    for (const { census, transport } of instruments.listeners()) {
      byTransport.set(transport, (byTransport.get(transport) ?? 0) + census[key])
    }
    const series = [...byTransport].map(([transport, value]) => ({ labels: { transport }, value }))
    return { help, name, series, type: 'gauge' }
  }
  return [
    open('hotpress_connections', 'Connections that are open.', 'connections'),
    open('hotpress_websockets', 'WebSockets that are open.', 'sockets'),
    ...partFamilies(instruments),
  ]
}
