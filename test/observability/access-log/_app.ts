// An app with an access log that ends with its process: the options of the log are the first argument, what it does at its end
// the second.
import { setTimeout as sleep } from 'node:timers/promises'
import { type AccessLogOptions, Hotpress } from '../../../src/index.js'

const [given, deed] = process.argv.slice(2) as [string, string]
const accessLog = JSON.parse(given) as AccessLogOptions
const app = new Hotpress({ accessLog, logger: deed === 'log' })
app.get('/now/:id', ({ log, params }) => {
  if (deed === 'log') log.info({ words: 'of the app '.repeat(20) }, params.id)
  return params.id
})
app.get('/later/:id', ({ params }) => sleep(100, params.id))
app.get('/exit', () => {
  // The answer does not go out; the lines of those before do.
  process.exit(0)
})
const { url } = await app.run({ idleGrace: 0 })
process.send?.(url)
