import { randomUUID } from 'node:crypto'
import {
  csrf,
  empty,
  file,
  Hotpress,
  type HotpressOptions,
  HttpError,
  type SseEvent,
  type SseStream,
  sse,
} from 'hotpress'
import { goods, type Market, type Tick } from './market.js'

const self = "'self'"

/** The service: a page, and the prices of a market as they move. */
export function createApp(market: Market, options: HotpressOptions = {}): Hotpress {
  const streams = new Map<string, SseStream>()
  const app = new Hotpress({
    compression: true,
    securityHeaders: {
      recommended: true,
      contentSecurityPolicy: {
        'base-uri': "'none'",
        'connect-src': self,
        'default-src': "'none'",
        'form-action': "'none'",
        'frame-ancestors': "'none'",
        'img-src': self,
        'script-src': self,
        'style-src': self,
      },
    },
    ...options,
  })

  const folder = new URL('public/', import.meta.url)
  app.get('/', () => file(new URL('index.html', folder)))
  app.static('/public', folder)

  // A browser that comes again tells the id of the last tick that it had, and gets those that it has missed; one that is new
  // gets all that is kept, in one event.
  app.get(
    '/prices',
    sse(
      (_req, stream) => {
        const client = randomUUID()
        streams.set(client, stream)
        stream.send({ data: { client, goods }, event: 'hello' })
        if (stream.lastEventId === undefined) {
          stream.send({ data: market.history, event: 'history', id: String(market.history.at(-1)?.id ?? 0) })
        }
        const stop = market.onTick((tick) => stream.send(eventOf(tick)))
        return () => {
          stop()
          streams.delete(client)
        }
      },
      { replay: (id) => market.since(Number(id)).map(eventOf), retry: '2s' },
    ),
  )

  // To see what happens then: the page comes again by itself.
  app.delete('/prices/:client', { use: csrf() }, (req) => {
    const stream = streams.get(req.params.client)
    if (stream === undefined) throw new HttpError(404, 'there is no such client', { code: 'CLIENT_UNKNOWN' })
    stream.close()
    return empty()
  })
  return app
}

function eventOf(tick: Tick): SseEvent {
  return { data: tick, event: 'tick', id: String(tick.id) }
}
