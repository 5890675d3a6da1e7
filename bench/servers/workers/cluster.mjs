// A server that knows nothing of workers, in node:cluster: the first argument is its file, the second how many there are. One
// is a process without a primary.
import cluster from 'node:cluster'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { serve } from '../../lib/serve.mjs'

const [file, count] = process.argv.slice(2)
const exec = fileURLToPath(new URL(path.join('..', String(file)), import.meta.url))

if (Number(count) === 1) await import(exec)
else {
  // Each tells its port, which is the same for all, by its output.
  cluster.setupPrimary({ args: [], exec, silent: true })
  await serve(async () => {
    const workers = Array.from({ length: Number(count) }, () => cluster.fork())
    const ports = await Promise.all(
      workers.map(async ({ process: { stderr, stdout } }) => {
        stderr?.pipe(process.stderr)
        const [line] = await once(createInterface(/** @type {import('node:stream').Readable} */ (stdout)), 'line')
        return JSON.parse(line).port
      }),
    )
    return ports[0]
  })
}
