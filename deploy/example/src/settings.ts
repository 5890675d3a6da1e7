import type { HotpressOptions, RunOptions } from 'hotpress'

/** What the environment says about one process of the service. */
export interface Settings {
  readonly app: HotpressOptions
  readonly redisUrl: string | undefined
  readonly run: RunOptions
}

/**
 * Reads the environment. Times are texts such as `20s`; what is wrong with a value Hotpress says itself, at start.
 *
 * | variable       | default     | what it is                                                                            |
 * | -------------- | ----------- | ------------------------------------------------------------------------------------- |
 * | `DELAY`        | `0s`        | how long it serves on when it has turned unready: for balancers that ask `/readyz`     |
 * | `DRAIN`        | `20s`       | how long requests under way have when it ends                                          |
 * | `HOST`         | `127.0.0.1` | where it listens; `0.0.0.0` in a container                                             |
 * | `IDLE_GRACE`   | `5s`        | how long idle connections stay when it ends: longer than a proxy keeps them            |
 * | `IDLE_TIMEOUT` | none        | how long idle connections stay else: longer than a proxy keeps them                    |
 * | `LOG_LEVEL`    | `info`      | the least that is logged, to the standard output                                       |
 * | `PORT`         | `3000`      | where it listens, unless systemd passes a socket                                       |
 * | `REDIS_URL`    | none        | how several processes with Socket.IO hear of each other                                |
 * | `TRANSPORT`    | `auto`      | what serves                                                                            |
 * | `TRUST_PROXY`  | none        | addresses of the proxies before it, with commas between                                |
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const { IDLE_TIMEOUT: idleTimeout, TRANSPORT: transport = 'auto', TRUST_PROXY: proxies } = env
  const close = { delay: env.DELAY ?? '0s', drain: env.DRAIN ?? '20s', idleGrace: env.IDLE_GRACE ?? '5s' }
  const isActivated = env.LISTEN_PID === String(process.pid)
  return {
    app: {
      logger: { level: env.LOG_LEVEL ?? 'info' },
      transport: transport as NonNullable<HotpressOptions['transport']>,
      ...(idleTimeout === undefined ? {} : { idleTimeout }),
      ...(proxies === undefined ? {} : { trustProxy: proxies.split(',') }),
    },
    redisUrl: env.REDIS_URL,
    run: {
      ...close,
      ...(isActivated ? { fd: 'systemd' } : { host: env.HOST ?? '127.0.0.1', port: Number(env.PORT ?? 3000) }),
    },
  }
}
