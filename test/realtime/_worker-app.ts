// An app in a process of its own, as the first argument says in JSON; one that is forked by node:cluster shares its port.
import { Hotpress, type HotpressOptions, type ListenOptions, type RedisAdapterOptions, redis } from '../../src/index.js'

/** What the argument says. */
export interface WorkerOptions {
  readonly adapter: RedisAdapterOptions
  readonly listen?: ListenOptions
  readonly transport: 'native' | 'node' | 'uws'
  readonly trustProxy?: string
  readonly websocketOnly: boolean
}

const { adapter, listen, transport, trustProxy, websocketOnly }: WorkerOptions = JSON.parse(process.argv[2]!)

const options: HotpressOptions = { logger: false, transport, ...(trustProxy === undefined ? {} : { trustProxy }) }
const app = new Hotpress(options)
app.get('/', () => String(process.pid))
const io = app.socketio({ adapter: redis(adapter), websocketOnly })
io.on('connection', (socket) => {
  socket.join('room')
  socket.on('say', (text: string) => io.emit('said', text))
  socket.on('who', (answer) => answer({ address: socket.handshake.address, pid: process.pid }))
})
io.on('ask', (question: string, answer: (text: string) => void) => answer(`${question} ${process.pid}`))
const { url } = await app.listen(listen)
process.send!({ url })
process.once('disconnect', () => app.close())
