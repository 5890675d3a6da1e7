// Who takes part. A server's id is what `--only` takes and the goals refer to.
import { smallTable, withBraces } from './routes.mjs'

/**
 * @typedef {object} Peer
 * @property {string} id
 * @property {string} name its row in the tables
 * @property {string} [file] in servers/; run by Node
 * @property {string} [crate] the folder of a Cargo project instead
 * @property {readonly string[]} [args]
 * @property {import('./lib/launch.mjs').Need} [needs] a binary that not every platform and Node version has
 */

/** @type {readonly Peer[]} */
export const peers = [
  { id: 'uws', name: 'raw uWebSockets.js', file: 'uws.mjs', needs: 'uws' },
  { id: 'hotpress-native', name: 'hotpress on native', file: 'hotpress.mjs', args: ['native'], needs: 'native' },
  { id: 'hotpress-uws', name: 'hotpress on uws', file: 'hotpress.mjs', args: ['uws'], needs: 'uws' },
  { id: 'hotpress-node', name: 'hotpress on node', file: 'hotpress.mjs', args: ['node'] },
  { id: 'axum', name: 'axum 0.8, no JavaScript', crate: 'axum', args: smallTable.map(withBraces) },
  { id: 'node', name: 'node:http, find-my-way', file: 'node.mjs' },
  { id: 'fastify', name: 'Fastify 5', file: 'fastify.mjs' },
  { id: 'hono', name: 'Hono, node-server', file: 'hono.mjs' },
  { id: 'express', name: 'Express 5', file: 'express.mjs' },
]
