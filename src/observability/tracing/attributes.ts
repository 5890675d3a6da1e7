import type { Attributes } from '@opentelemetry/api'
import type { RequestEnd } from '../../core/observer.js'
import { type HttpRequest, sourceOf } from '../../core/request.js'
import type { TracedQuery, TracingSettings } from './options.js'

// Those that semantic conventions know; another could be any text, of which a backend would make a dimension.
const known: ReadonlySet<string> = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
])

/** What a span is called after: the method, or `HTTP` for one that is not known. */
export function nameOf(method: string): string {
  return known.has(method) ? method : 'HTTP'
}

/** What is known of a request when it comes, as semantic conventions call it. */
export function startOf(request: HttpRequest, settings: TracingSettings): Attributes {
  const source = sourceOf(request)
  const { method } = source
  const [address, port] = hostAndPort(request.host)
  const query = shownQuery(source.query, settings.query)
  const attributes: Attributes = {
    'client.address': request.ip,
    'hotpress.request.id': request.id,
    'http.request.method': known.has(method) ? method : '_OTHER',
    'network.peer.address': request.peerAddress,
    'network.protocol.version': request.httpVersion,
    'server.address': address,
    'url.path': source.path,
    'url.scheme': request.protocol,
  }
  if (!known.has(method)) attributes['http.request.method_original'] = method
  if (port !== undefined) attributes['server.port'] = port
  if (query !== undefined) attributes['url.query'] = query
  const agent = source.header('user-agent')
  if (agent !== undefined) attributes['user_agent.original'] = agent
  for (const name of settings.requestHeaders) {
    const value = source.headerList(name)
    if (value !== undefined) attributes[`http.request.header.${name}`] = [value]
  }
  if (settings.hasOldNames) addOldStart(attributes, method, query)
  return attributes
}

/** What is known of it when it has ended. */
export function endOf(request: HttpRequest, end: RequestEnd, settings: TracingSettings): Attributes {
  const { bytes, duration, isAborted, response } = end
  const attributes: Attributes = {}
  const { route } = request
  if (route !== undefined) attributes['http.route'] = route
  if (response !== undefined) {
    attributes['http.response.status_code'] = response.statusCode
    attributes['http.response.body.size'] = bytes
    for (const name of settings.responseHeaders) {
      const value = response.header(name)
      if (value !== undefined) attributes[`http.response.header.${name}`] = [value]
    }
  }
  const type = isAborted ? 'aborted' : errorType(response)
  if (type !== undefined) attributes['error.type'] = type
  if (settings.hasOldNames) {
    attributes['http.latency_ms'] = duration
    if (response !== undefined) attributes['http.status_code'] = response.statusCode
  }
  return attributes
}

/** The name and the port of a `Host`, without the brackets of IPv6. */
export function hostAndPort(host: string): [address: string, port: number | undefined] {
  const [, name = host, port] = /^(.*?)(?::(\d{1,5}))?$/.exec(host) ?? []
  const isBracketed = name.startsWith('[') && name.endsWith(']')
  return [isBracketed ? name.slice(1, -1) : name, port === undefined ? undefined : Number(port)]
}

/** A query as far as it may be told; undefined for nothing of it. */
export function shownQuery(query: string, shown: TracedQuery): string | undefined {
  if (query === '' || shown === 'none') return undefined
  if (shown === 'full') return query
  return query
    .split('&')
    .map((pair) => {
      const mark = pair.indexOf('=')
      return mark < 0 ? 'REDACTED' : `${pair.slice(0, mark)}=REDACTED`
    })
    .join('&')
}

// Of what was thrown its class, where that says more than `Error`; of an answer that only says so its status.
function errorType(response: RequestEnd['response']): string | undefined {
  if (response === undefined || response.statusCode < 500) return undefined
  const { error } = response
  const name = error instanceof Error ? error.name : 'Error'
  return name === 'Error' ? String(response.statusCode) : name
}

// Of version 1.20 of the conventions and before, and what Rpress has for fields beside them.
function addOldStart(attributes: Attributes, method: string, query: string | undefined): void {
  const path = attributes['url.path'] as string
  attributes['http.client_ip'] = attributes['client.address']
  attributes['http.flavor'] = attributes['network.protocol.version']
  attributes['http.method'] = method
  attributes['http.request_id'] = attributes['hotpress.request.id']
  attributes['http.scheme'] = attributes['url.scheme']
  attributes['http.target'] = query === undefined ? path : `${path}?${query}`
  attributes['http.user_agent'] = attributes['user_agent.original']
  attributes['net.host.name'] = attributes['server.address']
  attributes['net.host.port'] = attributes['server.port']
  attributes['net.sock.peer.addr'] = attributes['network.peer.address']
}
