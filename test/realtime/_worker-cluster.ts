// Forks as many workers of node:cluster as the second argument says, each with the app that the first one says.
import cluster from 'node:cluster'
import { workerFile } from './_workers.js'

cluster.setupPrimary({ args: [process.argv[2]!], exec: workerFile })
let ready = 0
const count = Number(process.argv[3])
for (let at = 0; at < count; at++) {
  cluster.fork().once('message', ({ url }) => {
    if (++ready === count) process.send!({ url })
  })
}
process.once('disconnect', () => cluster.disconnect())
