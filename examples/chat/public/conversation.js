// The list of messages: those of others, and one's own from when they are sent until they are delivered or are not.
import { avatarOf, byId, element } from './page.js'

const minutes = 60_000

export class Conversation {
  /** The id of the last message that the server has told of. */
  last = 0
  #ids = new Set()
  #me
  #pending = new Map()
  #resend

  constructor(me, resend) {
    this.#me = me
    this.#resend = resend
    // What was at its end stays there when a keyboard opens, or the window is made smaller.
    let isAtEnd = true
    byId('scroll').addEventListener('scroll', () => {
      isAtEnd = this.#isAtEnd()
    })
    new ResizeObserver(() => isAtEnd && this.#scroll()).observe(byId('scroll'))
  }

  /** Messages that the server has told of; those that are there already are left out. */
  add(messages) {
    const isBelow = this.#isAtEnd()
    for (const message of messages) {
      if (this.#ids.has(message.id)) continue
      const pending = message.from === this.#me() ? this.#pending.get(message.key) : undefined
      if (pending !== undefined) {
        // It had arrived, and the answer had not.
        this.deliver(pending, message)
        if (!pending.item.isConnected) byId('messages').append(pending.item)
        continue
      }
      this.#know(message)
      const item = this.#itemOf(message.from, message.text)
      this.#date(item, message)
      byId('messages').append(item)
      this.#group(item)
    }
    this.settle()
    if (isBelow) this.#scroll()
  }

  /** One's own, before the server has it. */
  addPending(text) {
    const item = this.#itemOf(this.#me(), text)
    item.dataset.state = 'pending'
    item.querySelector('.meta').textContent = 'sending …'
    byId('messages').append(item)
    this.#group(item)
    this.settle()
    this.#scroll()
    const pending = { item, key: newKey(), text }
    this.#pending.set(pending.key, pending)
    return pending
  }

  clear() {
    this.#ids.clear()
    this.#pending.clear()
    this.last = 0
    byId('messages').replaceChildren()
  }

  /** All that there is, in place of what stands there; what the server does not have yet stays, at the end. */
  replace(messages) {
    const pending = [...this.#pending.values()]
    this.clear()
    for (const each of pending) this.#pending.set(each.key, each)
    this.add(messages)
    byId('messages').append(...[...this.#pending.values()].map(({ item }) => item))
    this.settle()
  }

  deliver({ item, key }, message) {
    this.#pending.delete(key)
    if (this.#ids.has(message.id)) return
    this.#know(message)
    item.dataset.state = 'delivered'
    this.#date(item, message)
  }

  fail(pending, problem) {
    pending.item.dataset.state = 'failed'
    const again = element('button', 'plain', 'Try again')
    again.type = 'button'
    again.addEventListener('click', () => {
      pending.item.dataset.state = 'pending'
      pending.item.querySelector('.meta').textContent = 'sending …'
      this.#resend(pending)
    })
    pending.item.querySelector('.meta').replaceChildren(`Not sent: ${problem} `, again)
  }

  settle() {
    byId('nothing').hidden = byId('messages').childElementCount > 0
  }

  #know({ id }) {
    this.#ids.add(id)
    this.last = Math.max(this.last, id)
  }

  #itemOf(from, text) {
    const isMine = from === this.#me()
    const bubble = element('p', 'bubble', text)
    const item = element('li', isMine ? 'message mine' : 'message')
    item.dataset.from = from
    if (!isMine) item.append(avatarOf(from))
    item.append(element('div', 'said', element('span', 'from', from), bubble, element('span', 'meta')))
    return item
  }

  #date(item, { at }) {
    const time = element('time', '', new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }))
    time.dateTime = new Date(at).toISOString()
    item.dataset.at = String(at)
    const meta = item.querySelector('.meta')
    meta.replaceChildren(time)
    if (!item.classList.contains('mine')) return
    const tick = element('span', 'tick', '✓')
    tick.role = 'img'
    tick.ariaLabel = 'delivered'
    meta.append(' ', tick)
  }

  // What somebody says in one breath stands together, with the name and the time once.
  #group(item) {
    const before = item.previousElementSibling
    if (before === null || before.dataset.from !== item.dataset.from) return
    const pause = Number(item.dataset.at ?? Date.now()) - Number(before.dataset.at ?? Date.now())
    if (pause > 3 * minutes) return
    item.classList.add('follows')
    before.classList.add('followed')
  }

  #isAtEnd() {
    const { clientHeight, scrollHeight, scrollTop } = byId('scroll')
    return scrollHeight - scrollTop - clientHeight < 80
  }

  #scroll() {
    byId('scroll').scrollTop = byId('scroll').scrollHeight
  }
}

// Not randomUUID(), which is there over TLS and on this machine alone.
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
