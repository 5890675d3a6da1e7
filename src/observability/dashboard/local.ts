import { isIP } from 'node:net'
import { AddressSet } from '../../core/addresses.js'
import type { HttpRequest } from '../../core/request.js'
import type { Middleware } from '../../core/types.js'
import { httpError } from '../../errors.js'

const loopback = new AddressSet('loopback', 'loopback')

// What proxies say of whom they speak for: one on this machine connects from a loopback address too.
const forwarding = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

/** Lets programs of this machine in, and 403s all else. */
export const local: Middleware = function local(request, next) {
  if (!isLocal(request)) throw httpError('ADDRESS_FORBIDDEN', {})
  return next()
}

function isLocal(request: HttpRequest): boolean {
  if (!loopback.has(request.peerAddress) || forwarding.some((name) => request.header(name) !== undefined)) return false
  // A page of another site can have a name of its own mean this machine (DNS rebinding).
  const name = (request.header('host') ?? '').replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || isIP(name) !== 0
}
