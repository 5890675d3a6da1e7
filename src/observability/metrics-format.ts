import { parseMediaType } from '../core/media-type.js'
import type { MetricsFormat } from './exposition.js'

/** What a client says of a type: 0 to 1, and how closely it names it. */
interface Preference {
  readonly closeness: number
  readonly weight: number
}

const none: Preference = { closeness: -1, weight: 0 }

/**
 * The format for a client: OpenMetrics 1.0.0 where `Accept` (RFC 9110, 12.5.1) names it and likes it no less than text, as
 * Prometheus does; else the text that every client knows.
 */
export function formatFor(accept: string | undefined): MetricsFormat {
  // What a client sends here is short; what is not has no say.
  if (accept === undefined || accept.length > 2000) return 'prometheus'
  let [open, text] = [none, none]
  for (const range of accept.split(',')) {
    const type = parseMediaType(range)
    if (type === undefined) continue
    const { essence, parameters } = type
    const weight = Number(parameters.get('q') ?? 1)
    if (!(weight >= 0 && weight <= 1)) continue
    const version = parameters.get('version')
    if (essence === 'application/openmetrics-text' && (version === undefined || version === '1.0.0')) {
      open = closer(open, { closeness: version === undefined ? 2 : 3, weight })
    }
    const isText = essence === 'text/plain' && (version === undefined || version === '0.0.4')
    if (isText) text = closer(text, { closeness: version === undefined ? 2 : 3, weight })
    if (essence === 'text/*') text = closer(text, { closeness: 1, weight })
    if (essence === '*/*') text = closer(text, { closeness: 0, weight })
  }
  return open.weight > 0 && open.weight >= text.weight ? 'openmetrics' : 'prometheus'
}

function closer(one: Preference, two: Preference): Preference {
  return two.closeness > one.closeness ? two : one
}
