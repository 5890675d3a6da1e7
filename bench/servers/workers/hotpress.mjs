// Hotpress on the transport that the first argument names, by as many workers as the second one says: one is this process.
import { workerId } from '../../../dist/esm/index.js'
import { makeApp } from '../../lib/hotpress-app.mjs'
import { host, serve } from '../../lib/serve.mjs'

const [transport, workers] = process.argv.slice(2)
const run = () => makeApp(transport).run({ drain: 0, host, port: 0, signals: [], workers: Number(workers) })

// The benchmark speaks with the first process, and that with its workers.
if (workerId() === undefined) await serve(async () => (await run()).port)
else await run()
