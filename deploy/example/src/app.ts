import { setInterval } from 'node:timers/promises'
import { Hotpress, type HotpressOptions, redis, type SocketIoServer, sse } from 'hotpress'

/** A service to deploy: a little of everything that what stands before it must let through. */
export function createApp(options: HotpressOptions, redisUrl?: string): Hotpress {
  const app = new Hotpress(options)

  // Redis is none of its checks: a process without it still serves its own clients.
  app.health()

  app.get('/', ({ host, id, ip, protocol }) => ({ host, id, ip, pid: process.pid, protocol }))

  // A body is read as it comes, whatever its size.
  app.post('/upload', { bodyLimit: '32mb' }, async (req) => {
    let bytes = 0
    for await (const part of req.stream()) bytes += part.byteLength
    return { bytes }
  })

  app.get(
    '/time',
    sse(async function* () {
      for await (const now of setInterval(1000, Date.now)) yield { data: now(), event: 'time' }
    }),
  )

  // A silent client is asked for a sign of life in this time, and what stands between sees it: shorter than its own.
  app.ws('/echo', {
    message(socket, data) {
      socket.send(data)
    },
    options: { idleTimeout: '50s' },
  })

  chat(app.socketio(redisUrl === undefined ? {} : { adapter: redis(redisUrl) }))
  return app
}

function chat(io: SocketIoServer): void {
  io.on('connection', (socket) => {
    socket.on('say', (text: string) => io.emit('said', text))
    socket.on('who', (answer: (who: object) => void) => answer({ address: socket.handshake.address, pid: process.pid }))
  })
}
