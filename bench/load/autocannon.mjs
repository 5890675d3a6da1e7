// Load by autocannon where there is no wrk. It is JavaScript and tires before a fast server does: requests per second
// then say how fast autocannon is. CPU time per request still compares, at a lower load.
import autocannon from 'autocannon'

/** @returns {import('./load.mjs').Load} */
export const autocannonLoad = () => ({ name: 'autocannon', fire })

/** @type {import('./load.mjs').Fire} */
async function fire({ body, connections, headers = {}, seconds, url }) {
  const started = performance.now()
  const result = await autocannon({
    body,
    connections,
    duration: seconds,
    headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    method: body === undefined ? 'GET' : 'POST',
    url,
  })
  const failures = { 'answers that were not 2xx': result.non2xx, errors: result.errors, timeouts: result.timeouts }
  return {
    failures: Object.entries(failures)
      .filter(([, count]) => count > 0)
      .map(([kind, count]) => `${count} ${kind}`),
    p50: result.latency.p50 * 1e3,
    p99: result.latency.p99 * 1e3,
    requests: result['2xx'],
    seconds: (performance.now() - started) / 1e3,
  }
}
