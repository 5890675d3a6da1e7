// An app in a process of its own, that is replaced by another while it serves: started by _restarting.ts, told what to do by
// its arguments, ended by signals.
import { setTimeout as sleep } from 'node:timers/promises'
import { requestContext } from '../../src/core/request.js'
import { empty, Hotpress, type HttpRequest, type RunOptions, stream } from '../../src/index.js'
import { type VariantName, variantNamed } from '../_variants.js'

const [variant, given] = process.argv.slice(2) as [VariantName, string]
const { listen, transport } = variantNamed(variant)
const app = new Hotpress({ logger: { level: 'warn' }, transport })

async function* parts(text: string): AsyncGenerator<string> {
  yield text.slice(0, 1)
  await sleep(2)
  yield text.slice(1)
}

app.get('/ready', (req) => empty(requestContext(req as HttpRequest)?.phase?.name === 'ready' ? 204 : 503))
app.get('/now/:number', ({ params }) => params.number)
app.get('/later/:number', ({ params }) => sleep(5, params.number))
app.get('/parts/:number', ({ params }) => stream(parts(params.number!)))
app.post('/body/:number', async (req) => req.text())

const { port } = await app.run({ ...listen, ...(JSON.parse(given) as RunOptions) })
process.on('message', async () => process.send?.((await app.inject({ url: '/ready' })).status === 204))
process.send?.(port)
