import { subscribe } from 'node:diagnostics_channel'
import type { ValueFamily } from '../core/metric.js'

interface Refused {
  readonly status: number
  readonly transport: string
}

let counts: Map<string, { readonly labels: Readonly<Record<string, string>>; value: number }> | undefined

/** Begins to count what `hotpress:refused` tells of, for the whole process; once. */
export function countRefusals(): void {
  if (counts !== undefined) return
  const counted = new Map<string, { readonly labels: Readonly<Record<string, string>>; value: number }>()
  counts = counted
  subscribe('hotpress:refused', (told) => {
    const { status, transport } = told as Refused
    const key = `${transport} ${status}`
    const known = counted.get(key)
    if (known !== undefined) {
      known.value++
      return
    }
    // 0 where a connection was closed without an answer.
    counted.set(key, { labels: { status: String(status), transport }, value: 1 })
  })
}

/** What was refused before it was a request, and connections beyond a limit. */
export function refusalFamily(): ValueFamily {
  return {
    help: 'What was refused before it was a request, and connections beyond a limit, by the status of the answer.',
    name: 'hotpress_refused_total',
    series: [...(counts?.values() ?? [])].map(({ labels, value }) => ({ labels, value })),
    type: 'counter',
  }
}
