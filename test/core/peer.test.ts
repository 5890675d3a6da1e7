import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { peer } from '../../src/core/peer.js'
import { says } from '../_says.js'

function missing(name: string): Error {
  return Object.assign(new Error(`Cannot find package '${name}' imported from /x.js`), { code: 'ERR_MODULE_NOT_FOUND' })
}

describe('peer()', () => {
  test('loads once', async () => {
    let loads = 0
    const load = peer('thing', 'x()', async () => ++loads)
    assert.deepEqual(await Promise.all([load(), load()]), [1, 1])
  })

  test('says what to install, and tries again', async () => {
    let isThere = false
    const load = peer('thing', 'x()', async () => (isThere ? 'thing' : Promise.reject(missing('thing'))))
    await assert.rejects(load(), says('PACKAGE_MISSING', 'x() needs the package thing', 'npm install thing'))
    isThere = true
    assert.equal(await load(), 'thing')
  })

  test('leaves the errors of a package that is there as they are', async () => {
    const error = missing('other')
    await assert.rejects(peer('thing', 'x()', () => Promise.reject(error))(), error)
  })
})

describe('an app without the optional packages', () => {
  const hooks = `export function resolve(name, context, next) {
    if (name !== 'jose' && name !== '@node-rs/bcrypt') return next(name, context)
    throw Object.assign(new Error("Cannot find package '" + name + "'"), { code: 'ERR_MODULE_NOT_FOUND' })
  }`
  const program = `
    import { register } from 'node:module'
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}))
    const { basicAuth, Hotpress, jwt } = await import('hotpress')
    const told = []
    const log = { child: () => log, debug() {}, error: ({ err }) => told.push(err.message), fatal() {}, info() {}, trace() {}, warn() {} }
    const app = new Hotpress({ logger: log })
    app.get('/', () => 'as ever')
    app.get('/basic', { use: basicAuth({ users: { ada: '$2b$04$' + 'a'.repeat(53) } }) }, () => '')
    app.get('/jwt', { use: jwt({ secret: 'x'.repeat(32) }) }, () => '')
    const statuses = []
    for (const [url, authorization] of [['/', ''], ['/jwt', ''], ['/jwt', 'Bearer x'], ['/basic', 'Basic YWRhOng=']]) {
      statuses.push((await app.inject({ headers: { authorization }, url })).status)
    }
    console.log(JSON.stringify({ statuses, told }))`

  test('starts, serves, and says what to install where they are needed', () => {
    const { stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
    assert.notEqual(stdout, '', stderr)
    assert.deepEqual(JSON.parse(stdout), {
      statuses: [200, 401, 500, 500],
      told: [
        'jwt() needs the package jose, which is not installed: npm install jose',
        'a bcrypt hash of basicAuth() needs the package @node-rs/bcrypt, which is not installed: npm install @node-rs/bcrypt',
      ],
    })
  })
})
