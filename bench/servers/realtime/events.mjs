// What every server of Socket.IO in the benchmark does.

/** @param {import('socket.io').Server} io */
export function addEvents(io) {
  io.on('connection', (socket) => {
    socket.on('echo', (text) => socket.emit('echo', text))
    socket.on('broadcast', (text) => io.emit('news', text))
    socket.on('ping-pong', (text, done) => done(text))
    socket.on('join', (room, done) => {
      socket.join(room)
      io.to(room).emit('joined', socket.id)
      done()
    })
    socket.on('storm', (count, done) => {
      for (let index = 0; index < count; index++) io.emit('storm', index)
      done()
    })
  })
}
