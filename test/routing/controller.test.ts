import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { controller, Hotpress, type HttpRequest } from '../../src/index.js'

class Users {
  readonly #greeting: string
  constructor(greeting: string) {
    this.#greeting = greeting
  }
  show(request: HttpRequest<{ id: string }>): string {
    return `${this.#greeting} ${request.params.id}`
  }
}

class Guests extends Users {}

describe('controller()', () => {
  test('makes a handler of a method, with its object as this', async () => {
    const app = new Hotpress({ logger: false })
    app.get('/users/:id', controller(new Users('hello'), 'show'))
    app.get('/guests/:id', controller(new Guests('welcome'), 'show'))
    assert.equal((await app.inject({ url: '/users/7' })).text(), 'hello 7')
    assert.equal((await app.inject({ url: '/guests/8' })).text(), 'welcome 8')
  })

  test('sees the method as it was when the route was registered', () => {
    const users = { show: () => 'first' }
    const handler = controller(users, 'show')
    users.show = () => 'second'
    assert.equal(handler(), 'first')
  })

  for (const name of ['hide', 'constructorless', '']) {
    test(`refuses a method that is not there: ${JSON.stringify(name)}`, () => {
      assert.throws(() => controller(new Users('x'), name as never), {
        message: `the controller has no method ${name}`,
        name: 'TypeError',
      })
    })
  }
})
