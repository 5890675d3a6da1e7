import { Buffer } from 'node:buffer'
import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { HttpRequest } from '../core/request.js'
import type { HttpResponse } from '../core/response.js'
import { upgradeOf } from '../core/web-socket.js'
import type { Arrival } from './arrived-exchange.js'
import { readArrival } from './node-arrival.js'
import { leaveTakings } from './node-connections.js'
import { type NodeConnection, NodeExchange } from './node-exchange.js'
import type { HostSockets, TransportHost } from './transport.js'

/** Milliseconds for a client to take an answer that is no upgrade, and to close. */
const patience = 1000

/** What a request for an upgrade has come with. */
interface Upgrading {
  readonly connection: Duplex
  /** What has come after it. */
  readonly head: Buffer
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly sockets: HostSockets
}

/** A request that may make a WebSocket of its connection, or is answered as any other. */
class NodeUpgradeExchange extends NodeExchange {
  readonly #closing: ReadonlySet<Duplex>
  readonly #upgrading: Upgrading
  readonly canUpgrade = true

  constructor(host: TransportHost, arrival: Arrival, connection: NodeConnection, upgrading: Upgrading) {
    super(host, upgrading.req, upgrading.res, arrival, connection)
    this.#closing = connection.closing
    this.#upgrading = upgrading
  }

  protected override write(response: HttpResponse, request: HttpRequest): void {
    const { connection, head, req, res, sockets } = this.#upgrading
    const upgrade = upgradeOf(response)
    if (upgrade === undefined) {
      // Node reads no further request from it.
      super.write(response.close(), request)
      return
    }
    res.detachSocket(req.socket)
    const leave = sockets.accept(req, connection, head, upgrade, this.host.head.pairs(request, response))
    leaveTakings.set(connection, leave)
    if (this.#closing.has(connection)) leave()
  }
}

/** Has a server's requests for WebSockets served by an app; others remain for whoever listens for them. */
export function takeUpgrades(server: Server, sockets: HostSockets, connection: NodeConnection): void {
  server.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) => {
    if (connection.last.has(socket)) return
    const arrival = readArrival(req)
    if (arrival instanceof Error || !sockets.serves(arrival.path)) {
      if (server.listenerCount('upgrade') === 1) passOn(server, req, socket, head)
      return
    }
    // Node listens no more, and an error that nobody hears would be thrown.
    socket.on('error', ignore)
    const res = new ServerResponse(req)
    res.assignSocket(socket)
    res.once('finish', () => endAfter(res, socket))
    const serving = connection.hostFor(socket)
    new NodeUpgradeExchange(serving, arrival, connection, { connection: socket, head, req, res, sockets }).serve()
  })
}

// Not made anew for each socket: it would hold on to the request for as long as there is the WebSocket.
function ignore(): void {}

function endAfter(res: ServerResponse, socket: Socket): void {
  res.detachSocket(socket)
  // A connection that is closed while bytes arrive is reset, and the answer with it.
  socket.end()
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), patience)
  socket.once('close', () => clearTimeout(timer))
}

// An upgrade that nobody has is not asked for (RFC 9110, 7.8): the request is one like any other, and is read again as such.
function passOn(server: Server, req: IncomingMessage, socket: Socket, head: Buffer): void {
  const { rawHeaders } = req
  let text = `${req.method} ${req.url} HTTP/${req.httpVersion}\r\n`
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!
    const value = rawHeaders[index + 1]!
    const kept = name.toLowerCase() === 'connection' ? withoutUpgrade(value) : value
    text += `${name}: ${kept}\r\n`
  }
  socket.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), head]))
  server.emit('connection', socket)
}

function withoutUpgrade(value: string): string {
  return value
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each.toLowerCase() !== 'upgrade')
    .join(', ')
}
