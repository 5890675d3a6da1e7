import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { io, type Socket } from 'socket.io-client'
import { createChat } from '../../examples/chat/app.js'
import { Room } from '../../examples/chat/room.js'
import { variants } from '../_variants.js'
import { type BrowserPage, withBrowser } from '../interop/_devtools.js'
import { missing } from '../interop/_programs.js'

const passphrase = 'swordfish'

describe('a room of the chat', () => {
  test('tells what was missed, where that is still known', () => {
    const room = new Room('a')
    room.enter('1', 'Ada')
    room.enter('2', 'Ada')
    assert.deepEqual(room.people, ['Ada'])
    assert.equal(room.since(0), undefined)
    assert.equal(room.since(7), undefined)
    for (let count = 0; count < 120; count++) room.say('1', String(count), `key ${count}`)
    assert.deepEqual(
      room.since(118)?.map(({ text }) => text),
      ['118', '119'],
    )
    assert.deepEqual(room.since(120), [])
    assert.equal(room.since(19), undefined)
    assert.equal(room.messages.length, 100)
    assert.equal(room.find('2', 'key 110')?.text, '110')
    room.enter('3', 'Eve')
    assert.equal(room.find('3', 'key 110'), undefined)
  })
})

const transports = variants.filter(({ protocol, version }) => protocol === 'http' && version === '1.1')

for (const { name, skip, transport } of transports) {
  describe(`the chat on ${name}`, { skip }, () => {
    const { app } = createChat({ passphrase }, { logger: false, transport })
    let url = ''
    before(async () => {
      ;({ url } = await app.listen())
    })
    after(() => app.close())

    const login = (given: object): Promise<Response> =>
      fetch(`${url}/session`, {
        body: JSON.stringify(given),
        headers: { 'content-type': 'application/json' },
        method: 'POST',
      })

    test('lets in who knows the passphrase, and says why not', async () => {
      const answers: readonly (readonly [given: object, status: number, code: string])[] = [
        [{ name: 'Ada', passphrase: 'wrong' }, 401, 'PASSPHRASE_WRONG'],
        [{ name: '<b>', passphrase }, 422, 'NAME_INVALID'],
        [{ passphrase }, 422, 'NAME_INVALID'],
      ]
      for (const [given, status, code] of answers) {
        const answer = await login(given)
        assert.deepEqual([answer.status, ((await answer.json()) as { code: string }).code], [status, code])
        assert.deepEqual(answer.headers.getSetCookie(), [])
      }
      const cookie = (await login({ name: ' Ada  L. ', passphrase })).headers.getSetCookie()[0] ?? ''
      assert.match(cookie, /^chat=[\w-]+; .*HttpOnly.*SameSite=Strict/)
      const who = await fetch(`${url}/session`, { headers: { cookie: cookie.split(';')[0]! } })
      assert.deepEqual(await who.json(), { name: 'Ada L.' })
    })

    test('outlives clients that send anything', { timeout: 60_000 }, async () => {
      const stranger = connect('')
      assert.equal(await told(stranger, 'connect_error'), 'log in first')
      const socket = connect((await login({ name: 'Eve', passphrase })).headers.getSetCookie()[0]!.split(';')[0]!)
      await told(socket, 'connect')
      for (const event of ['join', 'say', 'typing']) {
        for (const args of [[], [null], [{}, {}], ['Lobby'], [7, 7, 7], [[], -1, 'x']]) socket.emit(event, ...args)
      }
      const ask = (event: string, ...args: unknown[]): Promise<{ problem?: string }> =>
        socket.emitWithAck(event, ...args)
      assert.equal((await ask('say', 'too early', 'k')).problem, 'Join a room first.')
      assert.equal((await ask('join', 'Cellar', 0)).problem, 'There is no such room.')
      assert.equal((await ask('join', 'Lobby', Number.NaN)).problem, undefined)
      assert.equal((await ask('say', ' \n ', 'k')).problem, 'There is nothing to send.')
      assert.equal((await ask('say', 'x'.repeat(2001), 'k')).problem, 'A message has at most 2000 characters.')
      const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => ask('say', 'flood', String(index))))
      assert.ok(answers.some(({ problem }) => problem === 'That was too fast. Wait a moment.'))
      // Sent again, since an answer may be lost: it is the same message.
      const first = await ask('say', 'flood', '0')
      assert.deepEqual(first, answers[0])
      assert.equal((await login({ name: 'eve', passphrase })).status, 409)
      for (const each of [socket, stranger]) each.close()
    })

    function connect(cookie: string): Socket {
      return io(url, { extraHeaders: { cookie }, forceNew: true, reconnection: false, transports: ['websocket'] })
    }
  })

  describe(`the page of the chat on ${name}`, () => {
    test('two people talk', { skip: skip || missing('chromium', '--version'), timeout: 180_000 }, async () => {
      const { app } = createChat({ passphrase }, { logger: false, transport })
      const { url } = await app.listen()
      await withBrowser(async (open) => {
        const [ada, grace] = [await open(`${url}/`), await open(`${url}/`)]
        await enter(ada, 'Ada', 'wrong')
        await ada.until("document.querySelector('#login-problem').textContent === 'That is not the passphrase.'")
        await enter(ada, 'Ada', passphrase)
        await ada.until("document.querySelector('#room').textContent === 'Lobby'")
        await enter(grace, 'Grace', passphrase)
        await grace.until("document.querySelector('#room').textContent === 'Lobby'")

        // Who is there, in the room and in others.
        for (const page of [ada, grace]) await page.until("document.querySelectorAll('#people li').length === 2")
        await ada.until("document.querySelector('[data-room=Lobby] .count').firstChild.data === '2'")

        // Typing, until the message is there.
        await type(ada, 'Is <b>anybody</b> here?')
        await grace.until("document.querySelector('#typing').textContent === 'Ada is typing …'")
        await ada.evaluate("document.querySelector('#composer').requestSubmit()")
        await ada.until(`${last}?.dataset.state === 'delivered'`)
        await grace.until(`${bubbles}.at(-1) === 'Is <b>anybody</b> here?'`)
        await grace.until("document.querySelector('#typing').textContent === ''")
        assert.equal(await grace.evaluate("document.querySelectorAll('.bubble b').length"), 0)

        // Another room has its own people and messages.
        await grace.evaluate("document.querySelector('[data-room=Music]').click()")
        await grace.until("document.querySelector('#room').textContent === 'Music'")
        await ada.until("document.querySelector('#room-people').textContent === 'Only you are here'")
        assert.equal(await grace.evaluate("document.querySelector('#nothing').hidden"), false)
        await grace.evaluate("document.querySelector('[data-room=Lobby]').click()")
        await grace.until(`${bubbles}.length === 1`)

        // Too many at once: those that are refused say so, and can be sent again.
        for (let count = 0; count < 10; count++) await say(ada, `message ${count}`)
        await ada.until("document.querySelector('[data-state=failed] button')")
        await ada.until(`(() => {
          document.querySelector('[data-state=failed] button')?.click()
          return document.querySelectorAll('[data-state=delivered]').length === 11
        })()`)
        await grace.until(`${bubbles}.length === 11`)

        // Two pages of one person: who logs out on one has logged out on both.
        await grace.send('Page.reload')
        await grace.until(`${bubbles}.length === 11`)
        await grace.evaluate("fetch('/session', { method: 'DELETE' })")
        await grace.until("!document.querySelector('#login').hidden")

        // The server goes.
        await app.close()
        await ada.until("document.querySelector('#state').dataset.state === 'lost'")
      })
    })

    test('a page that has lost its connection has what it missed when it is back', {
      skip: skip || missing('chromium', '--version'),
      timeout: 180_000,
    }, async () => {
      const key = 'k'.repeat(32)
      const { app, io: server } = createChat({ key, passphrase }, { logger: false, transport })
      const { url } = await app.listen()
      await withBrowser(async (open) => {
        const [ada, grace] = [await open(`${url}/`), await open(`${url}/`)]
        for (const [page, name] of [
          [ada, 'Ada'],
          [grace, 'Grace'],
        ] as const) {
          await enter(page, name, passphrase)
          await page.until("document.querySelectorAll('#people li').length > 0")
        }
        await say(ada, 'one')
        await grace.until(`${bubbles}.join() === 'one'`)
        await grace.evaluate('globalThis.wasLost = false')
        await grace.evaluate(
          "new MutationObserver(() => { wasLost ||= document.querySelector('#state').dataset.state === 'lost' }).observe(document.querySelector('#state'), { attributes: true, childList: true })",
        )
        for (const socket of server.sockets.sockets.values()) {
          if ('auth' in socket && (socket.auth as { name: string }).name === 'Grace') socket.conn.close()
        }
        await say(ada, 'two')
        await grace.until('wasLost')
        await grace.until(`${bubbles}.join() === 'one,two'`)
        await say(grace, 'three')
        await ada.until(`${bubbles}.join() === 'one,two,three'`)
        await grace.evaluate('globalThis.wasLost = false')
        // What is sent while nobody is connected is said when they are, and once.
        for (const socket of server.sockets.sockets.values()) socket.conn.close()
        await grace.until('wasLost')
        await say(grace, 'four')
        for (const page of [ada, grace]) await page.until(`${bubbles}.join() === 'one,two,three,four'`)
        await grace.until(`${last}.dataset.state === 'delivered'`)
        // A page that is loaded again is still logged in.
        await ada.send('Page.reload')
        await ada.until(`${bubbles}.join() === 'one,two,three,four'`)
        await ada.evaluate("document.querySelector('#leave').click()")
        await ada.until("!document.querySelector('#login').hidden")
        await grace.until("document.querySelector('#room-people').textContent === 'Only you are here'")
        assert.deepEqual([...ada.complaints, ...grace.complaints], [])
      })
      await app.close()
    })
  })
}

const bubbles = "[...document.querySelectorAll('.bubble')].map((each) => each.textContent)"

const last = "[...document.querySelectorAll('.message')].at(-1)"

async function enter(page: BrowserPage, name: string, phrase: string): Promise<void> {
  await page.until("!document.querySelector('#login').hidden")
  await page.evaluate(`document.querySelector('#name').value = ${JSON.stringify(name)}`)
  await page.evaluate(`document.querySelector('#passphrase').value = ${JSON.stringify(phrase)}`)
  await page.evaluate("document.querySelector('#enter').click()")
}

async function type(page: BrowserPage, text: string): Promise<void> {
  await page.evaluate("document.querySelector('#text').focus()")
  await page.send('Input.insertText', { text })
}

async function say(page: BrowserPage, text: string): Promise<void> {
  await type(page, text)
  await page.evaluate("document.querySelector('#composer').requestSubmit()")
}

function told(socket: Socket, event: string): Promise<string | undefined> {
  return new Promise((resolve) => socket.once(event, (error?: Error) => resolve(error?.message)))
}
