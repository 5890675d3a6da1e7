// Who takes part in `npm run bench -- realtime`: files of servers/realtime.

/** @typedef {import('./servers.mjs').Peer & { protocol: 'socketio' | 'websocket' }} RealtimePeer */

/** @type {readonly RealtimePeer[]} */
export const realtimePeers = [
  { id: 'hotpress-uws', name: 'hotpress on uws', file: 'hotpress-socketio.mjs', args: ['uws'], needs: 'uws' },
  {
    id: 'hotpress-native',
    name: 'hotpress on native',
    file: 'hotpress-socketio.mjs',
    args: ['native'],
    needs: 'native',
  },
  { id: 'hotpress-node', name: 'hotpress on node', file: 'hotpress-socketio.mjs', args: ['node'] },
  { id: 'official', name: 'socket.io on node:http', file: 'socketio.mjs', args: ['node'] },
  { id: 'official-uws', name: 'socket.io on raw uWebSockets.js', file: 'socketio.mjs', args: ['uws'], needs: 'uws' },
]
  .map((peer) => /** @type {RealtimePeer} */ ({ ...peer, protocol: 'socketio' }))
  .concat(
    [
      { id: 'ws-hotpress-uws', name: 'hotpress on uws', file: 'hotpress-websocket.mjs', args: ['uws'], needs: 'uws' },
      {
        id: 'ws-hotpress-native',
        name: 'hotpress on native',
        file: 'hotpress-websocket.mjs',
        args: ['native'],
        needs: 'native',
      },
      { id: 'ws-hotpress-node', name: 'hotpress on node', file: 'hotpress-websocket.mjs', args: ['node'] },
      { id: 'ws-uws', name: 'raw uWebSockets.js', file: 'uws-websocket.mjs', needs: 'uws' },
      { id: 'ws-ws', name: 'ws on node:http', file: 'ws.mjs' },
    ].map((peer) => /** @type {RealtimePeer} */ ({ ...peer, protocol: 'websocket' })),
  )
