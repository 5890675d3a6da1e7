import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { SnapshotSource } from '../core/snapshot-source.js'
import { upgradeRouteFor } from '../core/upgrade.js'
import { HttpError } from '../errors.js'
import { readArrival } from './node-arrival.js'
import { refusal, refusalText } from './refusal.js'
import type { TransportHost } from './transport.js'

type OnUpgrade = (req: IncomingMessage, socket: Duplex, head: Buffer) => void

/**
 * Has the app's own routes for upgrades asked before whoever listens for them to a server already: those answer what they
 * do not know by an error.
 *
 * @returns whether anybody takes an upgrade of a path.
 */
export function routeUpgrades(server: Server, host: TransportHost): (path: string) => boolean {
  const { upgrades } = host
  if (upgrades.length === 0) return () => server.listenerCount('upgrade') > 0
  const others = server.listeners('upgrade') as OnUpgrade[]
  server.removeAllListeners('upgrade')
  const onUpgrade: OnUpgrade = (req, socket, head) => {
    const arrival = readArrival(req)
    if (arrival instanceof Error) {
      refuse(socket, arrival)
      return
    }
    const route = upgradeRouteFor(upgrades, arrival.path)
    if (route !== undefined) {
      const { encrypted, remoteAddress = '' } = socket as Partial<TLSSocket>
      const protocol = encrypted === true ? 'https' : 'http'
      route.upgradeStream(new SnapshotSource({ ...arrival, ip: remoteAddress, protocol }), req, socket, head)
    } else if (others.length > 0) {
      for (const other of others) other.call(server, req, socket, head)
    } else if (server.listenerCount('upgrade') === 1) {
      serveAsIs(server, req, socket, arrival.bodySize !== 0)
    }
  }
  server.on('upgrade', onUpgrade)
  return (path) => {
    return upgradeRouteFor(upgrades, path) !== undefined || others.length > 0 || server.listenerCount('upgrade') > 1
  }
}

// Nobody wants another protocol: the request is served in this one (RFC 9110, 7.8), as the last of its connection. What
// has a body is not, as Node has stopped to read.
function serveAsIs(server: Server, req: IncomingMessage, socket: Duplex, hasBody: boolean): void {
  if (hasBody) {
    refuse(socket, new HttpError(400))
    return
  }
  socket.on('error', () => socket.destroy())
  const res = new ServerResponse(req)
  res.shouldKeepAlive = false
  res.assignSocket(socket as Socket)
  res.once('finish', () => socket.end())
  server.emit('request', req, res)
}

function refuse(socket: Duplex, error: HttpError): void {
  socket.on('error', () => socket.destroy())
  socket.end(refusalText(refusal(error)), () => socket.destroy())
}
