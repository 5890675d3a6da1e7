// The page of the chat. What comes from others is only ever set as text, never as HTML.
import { Conversation } from './conversation.js'
import { ask, avatarOf, byId, element, sentence } from './page.js'

const { io } = globalThis
const patience = 8000
const rest = 2500

let entered = Promise.withResolvers()
let me = ''
let room = ''
let socket
let typingSince = 0
let typingEnds

const conversation = new Conversation(() => me, send)

const { name } = await ask('/session')
if (name === null) showLogin()
else start(name)

byId('login-form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const fields = new FormData(byId('login-form'))
  byId('enter').disabled = true
  try {
    const session = await ask('/session', 'POST', Object.fromEntries(fields))
    byId('passphrase').value = ''
    byId('login-problem').textContent = ''
    start(session.name)
  } catch (error) {
    byId('login-problem').textContent = error.message
    byId(error.message.includes('passphrase') ? 'passphrase' : 'name').focus()
  } finally {
    byId('enter').disabled = false
  }
})

byId('leave').addEventListener('click', async () => {
  socket.close()
  await ask('/session', 'DELETE')
  showLogin()
})

byId('composer').addEventListener('submit', (event) => {
  event.preventDefault()
  const text = byId('text').value.trim()
  if (text === '') return
  byId('text').value = ''
  fit()
  setTyping(false)
  send(conversation.addPending(text))
  byId('text').focus()
})

byId('text').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  byId('composer').requestSubmit()
})

byId('text').addEventListener('input', () => {
  fit()
  setTyping(byId('text').value.trim() !== '')
})

addEventListener('resize', fit)

function showLogin() {
  document.title = 'Chat'
  room = ''
  entered = Promise.withResolvers()
  conversation.clear()
  byId('chat').hidden = true
  byId('login').hidden = false
  byId('name').focus()
}

function start(myName) {
  me = myName
  byId('login').hidden = true
  byId('chat').hidden = false
  byId('my-name').textContent = me
  byId('my-avatar').replaceWith(avatarOf(me, 'my-avatar'))
  socket = io({ transports: ['websocket', 'polling'] })
  socket.on('connect', () => {
    show('online', 'online')
    join(room || 'Lobby')
  })
  socket.on('connect_error', (error) => {
    show('lost', 'no connection')
    if (error.data?.code !== 'LOGIN') return
    socket.close()
    showLogin()
  })
  socket.on('disconnect', (reason) => {
    show('lost', 'connection lost')
    entered = Promise.withResolvers()
    if (reason !== 'io server disconnect') return
    // The server has ended it: somebody has logged out, on another page perhaps.
    showLogin()
  })
  socket.on('message', (message) => conversation.add([message]))
  socket.on('people', showPeople)
  socket.on('rooms', showRooms)
  socket.on('typing', showTyping)
}

async function join(wanted) {
  const isOther = wanted !== room
  if (isOther) {
    setTyping(false)
    conversation.clear()
  }
  room = wanted
  const joined = await socket.timeout(patience).emitWithAck('join', wanted, conversation.last).catch(timedOut)
  // Another room may have been chosen meanwhile.
  if (room !== wanted || joined.problem !== undefined) return
  byId('room').textContent = room
  document.title = `${room} · Chat`
  markRoom()
  if (joined.isWhole) conversation.replace(joined.messages)
  else conversation.add(joined.messages)
  entered.resolve()
  conversation.settle()
  showPeople(joined.people)
  showTyping(joined.typing)
  if (isOther && matchMedia('(hover: hover)').matches) byId('text').focus()
}

/** Sends a message that stands there as pending, and says what has become of it. */
async function send(pending) {
  // In its room: while there is no connection, or one that has just come, it waits.
  await Promise.race([entered.promise, sleep(patience)])
  const { key, text } = pending
  const answer = await socket.timeout(patience).emitWithAck('say', text, key).catch(timedOut)
  if (answer.problem === undefined) conversation.deliver(pending, answer.message)
  else conversation.fail(pending, answer.problem)
}

function timedOut() {
  return { problem: 'There was no answer.' }
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

function setTyping(isTyping) {
  clearTimeout(typingEnds)
  if (isTyping) typingEnds = setTimeout(() => setTyping(false), rest)
  if (isTyping === typingSince > 0) return
  typingSince = isTyping ? Date.now() : 0
  socket?.volatile.emit('typing', isTyping)
}

function show(state, words) {
  byId('state').dataset.state = state
  byId('state').textContent = words
}

function showPeople(names) {
  byId('people').replaceChildren(
    ...names.map((each) =>
      element('li', '', avatarOf(each), element('span', 'who', each === me ? `${each} (you)` : each)),
    ),
  )
  byId('room-people').textContent = names.length === 1 ? 'Only you are here' : `${names.length} people are here`
}

function showRooms(rooms) {
  byId('rooms').replaceChildren(
    ...rooms.map(({ name, people }) => {
      const count = element('span', 'count', people === 0 ? '' : String(people))
      if (people > 0) count.append(element('span', 'aside', people === 1 ? ' person' : ' people'))
      const button = element('button', '', element('span', 'hash', '#'), element('span', '', name), count)
      button.type = 'button'
      button.dataset.room = name
      button.addEventListener('click', () => join(name))
      return element('li', '', button)
    }),
  )
  markRoom()
}

function markRoom() {
  for (const button of byId('rooms').querySelectorAll('button')) {
    if (button.dataset.room === room) button.setAttribute('aria-current', 'page')
    else button.removeAttribute('aria-current')
  }
}

function showTyping(names) {
  byId('typing').textContent = sentence(names.filter((each) => each !== me))
}

function fit() {
  const field = byId('text')
  field.style.height = 'auto'
  // Its borders are part of its height, and not of what scrolls in it.
  const borders = field.offsetHeight - field.clientHeight
  field.style.height = `${Math.min(field.scrollHeight + borders, 160)}px`
}
