// Who takes part in the TLS benchmark, in the order of the tables.
import { smallTable, withBraces } from './routes.mjs'

/**
 * @typedef {import('./servers.mjs').Peer & Own} TlsPeer
 *
 * @typedef {object} Own
 * @property {Readonly<Record<string, string | RegExp>>} [differs] headers that cannot be as those of the others
 * @property {string} file in servers/tls; of a crate not used
 * @property {readonly import('./lib/tls-contract.mjs').Protocol[]} speaks
 * @property {readonly string[]} [without] ids of routes that it cannot have
 */

/** @type {readonly TlsPeer[]} */
export const tlsPeers = [
  {
    id: 'hotpress-native',
    name: 'hotpress on native',
    file: 'hotpress.mjs',
    args: ['native'],
    needs: 'native',
    speaks: ['h1', 'h2', 'h3'],
  },
  { id: 'hotpress-uws', name: 'hotpress on uws', file: 'hotpress.mjs', args: ['uws'], needs: 'uws', speaks: ['h1'] },
  { id: 'hotpress-node', name: 'hotpress on node', file: 'hotpress.mjs', args: ['node'], speaks: ['h1', 'h2'] },
  { id: 'https', name: 'node:https, find-my-way', file: 'https.mjs', speaks: ['h1'] },
  { id: 'http2', name: 'node:http2, find-my-way', file: 'http2.mjs', speaks: ['h2'] },
  { id: 'fastify', name: 'Fastify 5', file: 'fastify.mjs', speaks: ['h1', 'h2'] },
  { id: 'uws', name: 'raw uWebSockets.js', file: 'uws.mjs', needs: 'uws', speaks: ['h1'] },
  {
    id: 'nginx',
    name: 'nginx, no JavaScript',
    differs: { server: 'nginx', 'x-request-id': /^[0-9a-f]{32}-ngx$/ },
    file: 'nginx.mjs',
    needs: 'nginx',
    speaks: ['h1', 'h2'],
    without: ['length'],
  },
  {
    id: 'axum',
    name: 'axum 0.8, no JavaScript',
    args: [...smallTable.map(withBraces), '--tls'],
    crate: 'axum',
    file: '',
    speaks: ['h1', 'h2'],
  },
  // Over HTTP/2, version 0.4.3 answers 404 to whatever has an :authority, for it looks for a route by the whole URI.
  {
    id: 'rpress',
    name: 'Rpress 0.4, no JavaScript',
    args: [...smallTable, '--tls'],
    crate: 'rpress',
    differs: { server: 'Rpress/1.0' },
    file: '',
    speaks: ['h1'],
  },
]
