import { createApp } from './app.js'
import { readSettings } from './settings.js'

const { app: options, redisUrl, run } = readSettings(process.env)
const app = createApp(options, redisUrl)

// Where a database is closed; it has 5 s for that.
app.onClose(() => app.log.info('nothing is under way any more'))

await app.run(run)
