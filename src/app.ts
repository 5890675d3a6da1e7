import { AppDefinition } from './app-definition.js'
import { Endings } from './core/endings.js'
import { Phase } from './core/phase.js'
import type { CloseHook } from './lifecycle/close-hooks.js'
import { healthRoutes } from './lifecycle/health.js'
import type { AppHealthOptions } from './lifecycle/health-options.js'
import { Lifecycle } from './lifecycle/lifecycle.js'
import { type CloseHookOptions, type CloseOptions, settleClose } from './lifecycle/options.js'
import { type Capabilities, Listeners } from './listeners.js'
import type { DashboardOptions } from './observability/dashboard/options.js'
import type { Metrics } from './observability/metrics.js'
import type { AppMetricsOptions } from './observability/metrics-options.js'
import { Observability } from './observability/observability.js'
import type { AppStats } from './observability/stats.js'
import type { HotpressOptions, ListenOptions, RunOptions } from './option-types.js'
import { runApp } from './run.js'
import { type InjectOptions, type InjectResult, inject } from './transports/inject.js'
import type { ListeningServer } from './transports/listening-server.js'
import type { TransportHost } from './transports/transport.js'

/**
 * An application: routes, middleware and settings, served by a transport. Everything is registered first; the first
 * `listen()` or `inject()` composes it, and from then on nothing can be added.
 *
 * @throws HotpressError `OPTION_UNKNOWN`, or `OPTION_INVALID` naming the option, what it got and what it takes.
 * @example
 * const app = new Hotpress()
 * app.get('/users/:id', (req) => ({ id: req.params.id }))
 * await app.listen({ port: 3000 })
 */
export class Hotpress extends AppDefinition {
  readonly #endings = new Endings()
  readonly #lifecycle: Lifecycle
  readonly #listeners: Listeners
  readonly #observability: Observability
  readonly #phase = new Phase()

  constructor(options: HotpressOptions = {}) {
    super(options)
    this.#listeners = new Listeners({
      endings: this.#endings,
      hasNodeServer: () => this.hasNodeServer,
      phase: this.#phase,
      settings: this.settings,
      start: () => {
        const host = this.#start()
        this.sockets.open()
        return host
      },
    })
    this.#lifecycle = new Lifecycle({
      listeners: () => this.#listeners.settled(),
      log: this.settings.log,
      phase: this.#phase,
      sockets: this.sockets,
    })
    this.#observability = new Observability({
      listeners: () => this.#listeners.counts(),
      meters: () => this.meters,
    })
    const { accessLog } = this.settings
    // The first hook is the last to run: what the others do may be logged too.
    if (accessLog !== undefined) this.onClose((signal) => accessLog.close(signal), { timeout: accessLog.closeTime })
  }

  /** What the app runs on: which native core, and which transports it listens by. */
  capabilities(): Capabilities {
    return this.#listeners.capabilities()
  }

  /**
   * Closes the app, and has its clients answered. It turns unready at once (`/readyz` is a 503), goes on for `delay`, and
   * then accepts no more. Requests that are under way, or come within `idleGrace`, are answered as the last of their
   * connections (HTTP/2 and HTTP/3: GOAWAY). Idle connections are closed, WebSockets are told so (1001), server-sent events
   * and clients of Socket.IO are ended: they connect again to whoever listens then. What is left after `drain` is cut off.
   * Then the hooks of {@link onClose} run. One line of the log says what was drained and what was cut.
   *
   * Calls while it closes share the first. When it has closed, the app can listen again.
   *
   * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
   * @example
   * await app.close({ delay: '5s', drain: '20s', idleGrace: '2s' })
   */
  async close(options: CloseOptions = {}): Promise<void> {
    await this.#lifecycle.close(settleClose(options))
  }

  /**
   * Shows how the app is, live, on a page at `/_hotpress`: rate, latency, status, routes, memory, event loop. It is for this
   * machine alone, unless `use` says who may look. More in docs/dashboard.md.
   *
   * @throws HotpressError `APP_STARTED`, `HANDLER_INVALID`, `OPTION_INVALID`, `OPTION_UNKNOWN`, `ROUTE_CONFLICT`
   * @example
   * app.dashboard({ use: basicAuth({ users: { ada: process.env.ADA! } }) })
   */
  dashboard(options: DashboardOptions = {}): this {
    this.checkNotStarted('dashboard()')
    const { observer, routes } = this.#observability.show(options)
    for (const { handler, options: route, path } of routes) this.get(path, route, handler)
    return observer === undefined ? this : this.observe(observer)
  }

  /**
   * Tells whoever starts, stops and routes to the app how it is: GET `/healthz` (alive), `/readyz` (it listens, does not
   * drain, and all checks pass) and `/startupz` (it has been ready once), each 200 or 503 with JSON. They answer while
   * the app is at its limits, and pass its middleware. More in docs/health.md; `health()` is for groups and single routes.
   *
   * @throws HotpressError `APP_STARTED`, `OPTION_INVALID`, `OPTION_UNKNOWN`, `ROUTE_CONFLICT`
   * @example
   * app.health({ checks: { database: () => pool.query('select 1') } })
   */
  health(options: AppHealthOptions = {}): this {
    this.checkNotStarted('health()')
    const { isFit, routes } = healthRoutes(options)
    for (const [path, handler] of routes) this.get(path, handler)
    this.#lifecycle.isFit = () => isFit(this.log)
    return this
  }

  /**
   * Makes a request without a socket, through everything that a request from one passes.
   *
   * @example
   * const res = await app.inject({ method: 'POST', url: '/users', body: { name: 'Ada' } })
   * assert.equal(res.status, 201)
   */
  inject(options: InjectOptions = {}): Promise<InjectResult> {
    return inject(this.#start(), options)
  }

  /**
   * Starts to listen. May be called several times, for several addresses: plaintext beside TLS, a listener that redirects
   * to HTTPS.
   *
   * @param onReady called once the address is taken.
   * @returns the listener: its address, with the port that was taken, and what can be done to it.
   * @throws HotpressError `ADDRESS_IN_USE`, `ADDRESS_REFUSED`, `APP_CLOSING`, `CERTIFICATE_UNREADABLE`, `OPTION_INVALID`,
   * `OPTION_REFUSED` when the named transport cannot do what was asked, `OPTION_UNKNOWN`, `TRANSPORT_UNAVAILABLE`.
   * @example
   * const server = await app.listen({ port: 443, tls: { cert: 'cert.pem', key: 'key.pem' } })
   * await app.listen({ port: 80, redirectToHttps: true })
   */
  async listen(options: ListenOptions = {}, onReady?: (server: ListeningServer) => void): Promise<ListeningServer> {
    return this.#listen(options, onReady)
  }

  /**
   * Counts the app's requests and tells Prometheus, and what reads its formats, of them, of connections, memory and event
   * loop: GET `/metrics`. It answers while the app is at its limits. More in docs/metrics.md; `metrics()` is for routes of
   * one's own, and what it makes can be given here in place of options.
   *
   * @throws HotpressError `APP_STARTED`, `OPTION_INVALID`, `OPTION_UNKNOWN`, `ROUTE_CONFLICT`
   * @example
   * app.metrics({ registry: register, use: basicAuth({ users }) })
   */
  metrics(options: AppMetricsOptions | Metrics = {}): this {
    this.checkNotStarted('metrics()')
    const { observer, route } = this.#observability.measure(options)
    if (route !== undefined) this.get(route.path, route.options, route.handler)
    return this.observe(observer)
  }

  /**
   * Adds what is to be done when the app has closed, such as to end a pool of connections: what was added last comes first.
   * A hook that fails, or takes longer than its time, is told of in the log, and the others run all the same. They run each
   * time that the app closes.
   *
   * @throws HotpressError `HANDLER_INVALID`, `OPTION_INVALID`, `OPTION_UNKNOWN`
   * @example
   * app.onClose(() => database.end(), { timeout: '10s' })
   */
  onClose(hook: CloseHook, options: CloseHookOptions = {}): this {
    this.#lifecycle.hooks.add(hook, options)
    return this
  }

  /**
   * Listens, and has the process end with the app. SIGINT and SIGTERM close it, as {@link close} does with the same options,
   * and then the process exits with 0; a second one ends it at once, with 128 and the number of the signal. An error that
   * nobody has caught outside of any request is told of in the log (`fatal`), the app closes, and the process exits with 1.
   * A service manager (systemd) is told when it is ready and when it stops, and has the signs of life that it asks for.
   *
   * With `workers` so many processes run the same program and share the port, and this one watches over them: what it is
   * given here is their address. More in docs/processes.md.
   *
   * @throws HotpressError what {@link listen} throws, `RUN_BY_COMMAND`, `WORKERS_SERVE`, `WORKER_FAILED`.
   * @example
   * await app.run({ delay: '5s', drain: '20s', host: '0.0.0.0', port: 3000 })
   */
  async run(options: RunOptions = {}): Promise<ListeningServer> {
    return runApp(options, {
      lifecycle: this.#lifecycle,
      listen: (where, held) => this.#listen(where, undefined, held),
      log: this.log,
      reports: { metrics: () => this.#observability.report(), stats: () => this.stats() },
    })
  }

  /** How the app is: what is open, memory, the event loop; and its requests, where {@link metrics} has it count them. */
  stats(): AppStats {
    return this.#observability.stats()
  }

  async #listen(
    options: ListenOptions,
    onReady?: (server: ListeningServer) => void,
    held?: number,
  ): Promise<ListeningServer> {
    this.#lifecycle.checkOpen('listen()')
    return this.#listeners.add(options, onReady, held)
  }

  #start(): TransportHost {
    const { tracing } = this.settings
    // Before the hooks that were added by now: one of them may shut the SDK down.
    if (!this.hasStarted && tracing !== undefined) this.onClose(() => tracing.flush())
    return this.compose(this.#endings, this.#phase)
  }
}
