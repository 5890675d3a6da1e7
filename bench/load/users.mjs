// Virtual users of Socket.IO, by its own client: of ten, six play ping-pong, three join a room, one has everybody told ten
// things in a row. `node users.mjs <url> <users> <seconds>` lets them come evenly over that time, and says how they fared.
import { connect } from 'socket.io-client'

const [, , url, users, seconds] = process.argv

/** Milliseconds for each answer, and for the connection. */
const timeout = 10_000

/** Of the answers to what users sent: milliseconds. */
const times = /** @type {number[]} */ ([])
const sessions = /** @type {number[]} */ ([])
const failures = /** @type {string[]} */ ([])
/** By second: what was sent in it. */
const emitted = /** @type {number[]} */ ([])

const pause = (/** @type {number} */ time) => new Promise((resolve) => setTimeout(resolve, time))

/** @param {import('socket.io-client').Socket} socket */
async function ask(socket, /** @type {string} */ event, /** @type {unknown[]} */ ...given) {
  const second = Math.floor(performance.now() / 1000)
  emitted[second] = (emitted[second] ?? 0) + 1
  const began = performance.now()
  const answer = await socket.timeout(timeout).emitWithAck(event, ...given)
  times.push(performance.now() - began)
  return answer
}

/** @type {Readonly<Record<string, (socket: import('socket.io-client').Socket, user: number) => Promise<void>>>} */
const scenarios = {
  async pingPong(socket, user) {
    for (let round = 0; round < 10; round++) {
      const said = `${user} ${round}`
      if ((await ask(socket, 'ping-pong', said)) !== said) throw new Error('another pong than its ping')
      await pause(200)
    }
  },
  async room(socket, user) {
    const joined = new Promise((resolve) => socket.once('joined', resolve))
    await ask(socket, 'join', `room ${user % 10}`)
    if (typeof (await joined) !== 'string') throw new Error('nobody joined')
    for (let round = 0; round < 3; round++) {
      await ask(socket, 'ping-pong', round)
      await pause(600)
    }
  },
  async storm(socket) {
    for (let storm = 0; storm < 3; storm++) {
      let heard = 0
      const all = new Promise((resolve) => {
        socket.on('storm', () => {
          heard++
          if (heard === 10) resolve(undefined)
        })
      })
      await ask(socket, 'storm', 10)
      await all
      socket.off('storm')
      await pause(600)
    }
  },
}

async function live(/** @type {number} */ user) {
  const socket = connect(url, { forceNew: true, reconnection: false, timeout, transports: ['websocket'] })
  const began = performance.now()
  try {
    await new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(undefined))
      socket.once('connect_error', reject)
    })
    const gone = new Promise((_, reject) => {
      socket.once('disconnect', (reason) => reject(new Error(`disconnected: ${reason}`)))
    })
    const kind = user % 10
    const scenario = scenarios[kind < 6 ? 'pingPong' : kind < 9 ? 'room' : 'storm']
    await Promise.race([scenario(socket, user), gone])
    sessions.push(performance.now() - began)
  } catch (error) {
    failures.push(/** @type {Error} */ (error).message)
  } finally {
    socket.removeAllListeners('disconnect')
    socket.disconnect()
  }
}

const all = []
const began = performance.now()
for (let user = 0; user < Number(users); user++) {
  await pause(Math.max(0, began + (user * Number(seconds) * 1000) / Number(users) - performance.now()))
  all.push(live(user))
}
await Promise.all(all)
process.send?.({
  completed: sessions.length,
  emits: emitted.reduce((sum, count) => sum + count, 0),
  failures,
  most: Math.max(...emitted.filter((count) => count > 0)),
  seconds: (performance.now() - began) / 1000,
  sessions,
  times,
})
process.disconnect?.()
