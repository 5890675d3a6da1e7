// The load of WebSockets in a process of its own: `node realtime-process.mjs <port> <protocol> <kind> <sockets> <atOnce>`.
// It says that it is ready, and then does what it is told: `{ seconds }` for load of that kind, `check` for one answer to
// each socket. It ends with whom it has been started by.

import { realtimeProtocols } from './realtime-protocols.mjs'
import { openAll } from './sockets.mjs'

const [, , port, protocol, kind, sockets, atOnce] = process.argv
const { broadcast, echo, greet, isMessage, path } =
  realtimeProtocols[/** @type {'socketio' | 'websocket'} */ (protocol)]
const all = await openAll(Number(port), path, Number(sockets), greet)

let received = 0
/** Of messages that each socket awaits; a broadcast is over when all are there. */
let missing = 0
let isStopping = false

function begin() {
  isStopping = false
  if (kind === 'echo') {
    for (const socket of all) socket.send(echo)
    return
  }
  for (const socket of all.slice(0, Number(atOnce))) {
    missing += all.length
    socket.send(broadcast)
  }
}

function onEcho(/** @type {import('./sockets.mjs').LoadSocket} */ socket) {
  received++
  if (!isStopping) socket.send(echo)
}

function onBroadcast() {
  received++
  missing--
  if (missing % all.length !== 0 || isStopping) return
  missing += all.length
  all[0].send(broadcast)
}

for (const socket of all) {
  socket.onFrame((payload, start) => {
    if (!isMessage(socket, payload, start)) return
    if (kind === 'broadcast') onBroadcast()
    else if (kind === 'echo') onEcho(socket)
    else received++
  })
}

/** One answer for each socket, and how many had none within 20 s. */
async function check() {
  received = 0
  for (const socket of all) socket.send(echo)
  const end = performance.now() + 20_000
  while (received < all.length && performance.now() < end) await pause(20)
  return { closed: all.filter(({ isOpen }) => !isOpen).length, received }
}

async function load(/** @type {number} */ seconds) {
  begin()
  // What is under way is not what is being begun.
  await pause(300)
  process.send?.('measuring')
  const [before, began] = [received, performance.now()]
  await pause(seconds * 1000)
  const figures = { received: received - before, seconds: (performance.now() - began) / 1000 }
  process.send?.(figures)
  isStopping = true
}

const pause = (/** @type {number} */ time) => new Promise((resolve) => setTimeout(resolve, time))

process.on('disconnect', () => process.exit())
process.on('message', async (/** @type {'check' | { seconds: number }} */ order) => {
  if (order === 'check') process.send?.(await check())
  else await load(order.seconds)
})
process.send?.('ready')
