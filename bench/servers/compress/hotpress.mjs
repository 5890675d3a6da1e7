// Hotpress with compression at its defaults; the first argument is the transport, the second switches the memo.
import { ContentType, Hotpress, text } from '../../../dist/esm/index.js'
import { list, listText } from '../../lib/compress-contract.mjs'
import { host, serve } from '../../lib/serve.mjs'

const [, , transport, memo] = process.argv
const app = new Hotpress({
  compression: { memo: memo === 'memo' },
  logger: false,
  transport: /** @type {'native' | 'node' | 'uws'} */ (transport),
})

app.get('/json', () => list)
app.get('/text', () => text(listText).type(ContentType.Json))

await serve(async () => (await app.listen({ host, port: 0 })).port)
