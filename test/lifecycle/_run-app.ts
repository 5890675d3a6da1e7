// An app that ends with its process, for run.test.ts: what it does is said by the first argument, the options of run() by the
// second.
import { setTimeout as sleep } from 'node:timers/promises'
import { Hotpress, type RunOptions } from '../../src/index.js'

const [deed, given] = process.argv.slice(2) as [string, string]
const app = new Hotpress()
app.get('/', () => 'here')
app.get('/later', () => {
  process.send?.('arrived')
  return sleep(300, 'later')
})
app.get('/never', () => {
  process.send?.('arrived')
  return new Promise<string>(() => {})
})
app.get('/reject', () => {
  void Promise.reject(new Error('nobody cares', { cause: new Error('the reason') }))
  return 'rejected'
})
app.get('/reject-text', () => {
  void Promise.reject('a text')
  return 'rejected'
})
app.get('/throw', () => {
  setTimeout(() => {
    throw new TypeError('nobody catches', { cause: new Error('the reason') })
  })
  return 'thrown'
})
app.onClose(() => process.send?.('closed'))
if (deed === 'hang') app.onClose(() => new Promise(() => {}), { timeout: 200 })
if (deed === 'throw again') {
  app.onClose(() => {
    setTimeout(() => {
      throw new Error('once more')
    })
    return sleep(50)
  })
}
const { url } = await app.run(JSON.parse(given) as RunOptions)
process.send?.(url)
if (deed === 'close') {
  await app.close()
  process.send?.(['SIGINT', 'SIGTERM', 'uncaughtException'].map((name) => process.listenerCount(name)).join())
  process.disconnect()
}
