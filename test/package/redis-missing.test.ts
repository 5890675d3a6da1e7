import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

describe('the package without its optional peers', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'hotpress-peers-'))
  const modules = path.join(folder, 'node_modules')
  const link = (name: string): void => {
    mkdirSync(path.dirname(path.join(modules, name)), { recursive: true })
    symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name))
  }
  before(() => {
    // As npm lays it out: itself, and what it depends on beside it.
    const itself = path.join(modules, 'hotpress')
    cpSync(path.join(root, 'dist'), path.join(itself, 'dist'), { recursive: true })
    cpSync(path.join(root, 'package.json'), path.join(itself, 'package.json'))
    const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
    for (const name of Object.keys(dependencies)) link(name)
  })
  after(() => rmSync(folder, { force: true, recursive: true }))

  const run = (type: 'commonjs' | 'module', call: string): string => {
    const load = type === 'module' ? "import { redis } from 'hotpress'" : "const { redis } = require('hotpress')"
    const code = `${load}; try { ${call}; console.log('made') } catch (error) { console.log(error.code, error.message) }`
    const { stderr, stdout } = spawnSync(process.execPath, [`--input-type=${type}`, '-e', code], {
      cwd: folder,
      encoding: 'utf8',
    })
    return (stdout || stderr).trim()
  }

  for (const type of ['commonjs', 'module'] as const) {
    test(`${type}: redis() says what to install, one after the other`, () => {
      const byUrl = "redis('redis://127.0.0.1:9')"
      const byStream = "redis({ streams: true, url: 'redis://127.0.0.1:9' })"
      const says = (name: string): string =>
        `PACKAGE_MISSING redis() needs the package ${name}, which is not installed: npm install ${name}`
      assert.equal(run(type, byUrl), says('ioredis'))
      link('ioredis')
      assert.equal(run(type, byUrl), says('@socket.io/redis-adapter'))
      assert.equal(run(type, byStream), says('@socket.io/redis-streams-adapter'))
      link('@socket.io/redis-adapter')
      assert.equal(run(type, byUrl), 'made')
      for (const name of ['ioredis', '@socket.io/redis-adapter']) rmSync(path.join(modules, name))
    })
  }
})
