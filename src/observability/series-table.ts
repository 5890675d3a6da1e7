import type { MetricLabels } from '../core/metric.js'
import type { RequestEnd } from '../core/observer.js'
import { type HttpRequest, sourceOf } from '../core/request.js'
import type { HttpVersion } from '../core/request-source.js'
import type { HttpResponse } from '../core/response.js'
import { RequestSeries, type SeriesBounds } from './request-series.js'

/** What stands for all values beyond a limit, and for methods that nobody knows. */
export const other = '_OTHER'

/** How requests are told apart. */
export interface SeriesRules extends SeriesBounds {
  /** Names of labels of the user's own. */
  readonly labels: readonly string[]
  readonly maxSeries: number
  readonly status: 'class' | 'code'
}

/** What tells series apart. */
interface Facts {
  readonly isAborted: boolean
  readonly isSecure: boolean
  /** Of bounded number, as all of these. */
  readonly method: string
  readonly route: string | undefined
  /** 0 for none, 1 to 5 for a class. */
  readonly status: number
  readonly version: HttpVersion
}

// RFC 9110, 9.3 and RFC 5789, and what is about to be one of them (draft-ietf-httpbis-safe-method-w-body).
const knownMethods = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE'])

/** The series of one route and method, by all else that tells them apart, as one number. */
type MethodSeries = Map<number, RequestSeries>

/** The series that the requests of an app are counted in: each made when first needed, their number bounded. */
export class SeriesTable {
  readonly #all: RequestSeries[] = []
  readonly #labelled = new Map<RequestSeries, Map<string, RequestSeries>>()
  #labelledSize = 0
  #overflow: RequestSeries | undefined
  readonly #routes = new Map<string | undefined, Map<string, MethodSeries>>()
  readonly #rules: SeriesRules

  constructor(rules: SeriesRules) {
    this.#rules = rules
  }

  get all(): readonly RequestSeries[] {
    return this.#all
  }

  /**
   * The series that a request belongs to.
   *
   * @param own values of the user's labels, in their order; undefined where there are none.
   */
  of(request: HttpRequest, { isAborted, response }: RequestEnd, own: readonly string[] | undefined): RequestSeries {
    const { httpVersion: version, method: given, protocol } = sourceOf(request)
    const { route } = request
    // What a route is registered for is known; what no route answers may have any name.
    const method = route !== undefined || knownMethods.has(given) ? given : other
    const isSecure = protocol === 'https'
    const status = response === undefined ? 0 : this.#rules.status === 'code' ? response.statusCode : classOf(response)
    const key = status | (numberOf(version) << 10) | (isSecure ? 1 << 12 : 0) | (isAborted ? 1 << 13 : 0)
    let methods = this.#routes.get(route)
    if (methods === undefined) {
      methods = new Map()
      this.#routes.set(route, methods)
    }
    let series = methods.get(method)
    if (series === undefined) {
      series = new Map()
      methods.set(method, series)
    }
    let found = series.get(key)
    if (found === undefined) {
      found = this.#make({ isAborted, isSecure, method, route, status, version })
      series.set(key, found)
    }
    return own === undefined ? found : this.#labelledOf(found, own)
  }

  // Where too many series have labels of the user's, those that come then share one for each of the others.
  #labelledOf(plain: RequestSeries, values: readonly string[]): RequestSeries {
    const { labels, maxSeries } = this.#rules
    const place = values.length === 1 ? values[0]! : JSON.stringify(values)
    let known = this.#labelled.get(plain)
    const found = known?.get(place)
    if (found !== undefined) return found
    if (plain === this.#overflow || this.#labelledSize >= maxSeries) return plain
    const own = Object.fromEntries(labels.map((name, index) => [name, values[index]!]))
    const series = this.#add({ ...plain.labels, ...own }, plain.statusClass, plain.isAborted)
    if (known === undefined) {
      known = new Map()
      this.#labelled.set(plain, known)
    }
    known.set(place, series)
    this.#labelledSize++
    return series
  }

  #make({ isAborted, isSecure, method, route, status, version }: Facts): RequestSeries {
    const { labels, maxSeries } = this.#rules
    const others = Object.fromEntries(labels.map((name) => [name, other]))
    if (this.#all.length - this.#labelledSize >= maxSeries) {
      this.#overflow ??= this.#add({ http_request_method: other, http_route: other, ...others }, 0, false)
      return this.#overflow
    }
    const code = status === 0 ? undefined : status < 10 ? `${status}xx` : String(status)
    const error = isAborted ? 'aborted' : status >= 500 || status === 5 ? code : undefined
    return this.#add(
      {
        ...(error !== undefined && { error_type: error }),
        http_request_method: method,
        ...(code !== undefined && { http_response_status_code: code }),
        ...(route !== undefined && { http_route: route }),
        network_protocol_version: version,
        url_scheme: isSecure ? 'https' : 'http',
        ...others,
      },
      status < 10 ? status : Math.floor(status / 100),
      isAborted,
    )
  }

  #add(labels: MetricLabels, statusClass: number, isAborted: boolean): RequestSeries {
    const series = new RequestSeries(this.#rules, labels, statusClass, isAborted)
    this.#all.push(series)
    return series
  }
}

function classOf({ statusCode }: HttpResponse): number {
  return Math.floor(statusCode / 100)
}

function numberOf(version: HttpVersion): number {
  return version === '1.1' ? 0 : version === '2' ? 1 : version === '3' ? 2 : 3
}
