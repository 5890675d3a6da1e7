// Who takes part. A server's id is what `--only` takes and the goals refer to.

/**
 * @typedef {object} Peer
 * @property {string} id
 * @property {string} name its row in the tables
 * @property {string} file in servers/
 * @property {readonly string[]} [args]
 */

/** @type {readonly Peer[]} */
export const peers = [
  { id: 'uws', name: 'raw uWebSockets.js', file: 'uws.mjs' },
  { id: 'hotpress-uws', name: 'hotpress on uws', file: 'hotpress.mjs', args: ['uws'] },
  { id: 'hotpress-node', name: 'hotpress on node', file: 'hotpress.mjs', args: ['node'] },
  { id: 'node', name: 'node:http, find-my-way', file: 'node.mjs' },
  { id: 'fastify', name: 'Fastify 5', file: 'fastify.mjs' },
  { id: 'hono', name: 'Hono, node-server', file: 'hono.mjs' },
  { id: 'express', name: 'Express 5', file: 'express.mjs' },
]
