import { MemoryRateLimiter, type SocketIoServer } from 'hotpress'
import type { ClientEvents, ServerEvents } from './events.js'
import { Room } from './room.js'
import type { Session, Sessions } from './session.js'

const longestText = 2000
const roomNames = ['Lobby', 'Music', 'Garden', 'Help desk'] as const
const saying = { algorithm: 'token-bucket', limit: 8, name: 'say', window: 8000 } as const
const typing = { algorithm: 'token-bucket', limit: 20, name: 'typing', window: 10_000 } as const

/**
 * What clients can do. Nothing that they send is believed: each argument is looked at, since a client can be any program.
 */
export function serveChat(io: SocketIoServer<ClientEvents, ServerEvents>, sessions: Sessions): void {
  const limiter = new MemoryRateLimiter()
  const rooms = new Map<string, Room>(roomNames.map((name) => [name, new Room(name)]))

  const summaries = () => [...rooms.values()].map(({ name, people }) => ({ name, people: people.length }))
  const tellPeople = ({ name, people }: Room) => {
    io.to(name).emit('people', people)
    io.emit('rooms', summaries())
  }

  const authenticated = io.useAuth<Session>((_payload, { request }) => {
    const session = sessions.of(request)
    if (session === undefined) throw Object.assign(new Error('log in first'), { data: { code: 'LOGIN' } })
    return session
  })

  authenticated.on('connection', (socket) => {
    const { id, name } = socket.auth
    let room: Room | undefined
    sessions.enter(socket.auth)
    // To end all sockets of somebody who logs out.
    socket.join(sessions.roomOf(id))
    socket.emit('rooms', summaries())

    const leave = () => {
      if (room === undefined) return
      const left = room
      room = undefined
      left.leave(socket.id)
      socket.leave(left.name)
      tellPeople(left)
      io.to(left.name).emit('typing', left.typing)
    }

    socket.on('join', (wanted, after, done) => {
      if (typeof done !== 'function') return
      const next = typeof wanted === 'string' ? rooms.get(wanted) : undefined
      if (next === undefined) return done({ problem: 'There is no such room.' })
      if (next !== room) {
        leave()
        room = next
        room.enter(socket.id, name)
        socket.join(room.name)
        tellPeople(room)
      }
      const missed = Number.isSafeInteger(after) ? room.since(after) : undefined
      const { messages, people, typing } = room
      done({ isWhole: missed === undefined, messages: missed ?? messages, people, typing })
    })

    socket.on('say', (text, key, done) => {
      if (typeof done !== 'function') return
      if (room === undefined) return done({ problem: 'Join a room first.' })
      if (typeof key !== 'string' || key.length > 64) return done({ problem: 'The message has no key.' })
      const before = room.find(socket.id, key)
      if (before !== undefined) return done({ message: before })
      const said = typeof text === 'string' ? text.trim() : ''
      if (said === '') return done({ problem: 'There is nothing to send.' })
      if (said.length > longestText) return done({ problem: `A message has at most ${longestText} characters.` })
      if (!limiter.consume(`say:${id}`, 1, saying).allowed)
        return done({ problem: 'That was too fast. Wait a moment.' })
      const message = room.say(socket.id, said, key)
      if (room.setTyping(socket.id, false)) socket.to(room.name).emit('typing', room.typing)
      socket.to(room.name).emit('message', message)
      done({ message })
    })

    socket.on('typing', (isTyping) => {
      if (room === undefined || typeof isTyping !== 'boolean') return
      if (isTyping && !limiter.consume(`typing:${id}`, 1, typing).allowed) return
      if (room.setTyping(socket.id, isTyping)) socket.to(room.name).emit('typing', room.typing)
    })

    socket.on('disconnect', () => {
      leave()
      sessions.leave(socket.auth)
    })
  })
}
