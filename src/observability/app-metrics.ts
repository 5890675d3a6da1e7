import type { Census } from '../core/drain.js'
import type { Instruments } from '../core/instruments.js'
import type { MetricFamily, ValueFamily } from '../core/metric.js'
import { addFamilies } from './metrics-merge.js'

/** What an app has open, by transport, and what its parts say of themselves. */
export function appFamilies({ listeners, meters }: Instruments): readonly MetricFamily[] {
  const open = (name: string, help: string, key: keyof Census): ValueFamily => {
    const byTransport = new Map<string, number>()
    for (const { census, transport } of listeners()) {
      byTransport.set(transport, (byTransport.get(transport) ?? 0) + census[key])
    }
    const series = [...byTransport].map(([transport, value]) => ({ labels: { transport }, value }))
    return { help, name, series, type: 'gauge' }
  }
  return addFamilies([
    open('hotpress_connections', 'Connections that are open.', 'connections'),
    open('hotpress_websockets', 'WebSockets that are open.', 'sockets'),
    ...meters().flatMap((read) => read()),
  ])
}
