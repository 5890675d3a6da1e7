// An app in a process of its own: its server of Socket.IO has the adapter of Redis that the first argument says, as JSON.
import { Hotpress, redis } from '../../src/index.js'

const [options, transport, port] = process.argv.slice(2) as [string, 'native' | 'node' | 'uws', string?]

const app = new Hotpress({ logger: false, transport })
const io = app.socketio({ adapter: redis(JSON.parse(options)), websocketOnly: true })
io.on('connection', (socket) => {
  socket.join('room')
  socket.on('who', (answer) => answer(process.pid))
})
io.on('ask', (question: string, answer: (text: string) => void) => answer(`${question} ${process.pid}`))
const { url } = await app.listen(port === undefined ? {} : { port: Number(port), reusePort: true })
process.send!(url)
process.once('disconnect', () => app.close())
