import { AddressSet, canonicalAddress } from './addresses.js'
import { FromRight, forwardedHop, type Hop, nodeAddress } from './forwarded.js'
import { isHost } from './guard.js'
import type { RequestSource } from './request-source.js'
import { checkOptions, invalid } from './static-options.js'

/** Which proxies to believe, and by which headers. */
export interface TrustOptions {
  /**
   * The proxies: addresses, blocks (`'10.0.0.0/8'`), `'loopback'`, `'private'`, `'linklocal'`; or how many of them a
   * request passes, from 1 to 32.
   */
  readonly from: number | string | readonly string[]
  /** Which family of headers they set: `'x-forwarded'` (the default), or `'forwarded'` (RFC 7239). The other is ignored. */
  readonly header?: 'forwarded' | 'x-forwarded'
}

/** What a request is, and where it comes from, as far as it may be believed. */
export interface Origin {
  /** The host that the client asked for; undefined where no proxy has told it. */
  readonly host: string | undefined
  /** In its one spelling. */
  readonly ip: string
  /** Whether the peer is a proxy that is believed. */
  readonly isProxied: boolean
  readonly protocol: 'http' | 'https'
}

/** The most entries of a chain that are looked at, and the largest count of proxies. */
const mostHops = 32

const takes = `false, how many proxies there are (1 to ${mostHops}), their addresses or blocks of them, or { from, header }`

/**
 * The address of a peer in its one spelling, IPv4 in IPv6 as IPv4. Transports give IPv4 in no other; the empty string is
 * the address of a peer that has left.
 */
export function peerAddressOf(source: RequestSource): string {
  const { ip } = source
  return ip.includes(':') ? (canonicalAddress(ip) ?? ip) : ip
}

/** Which proxies are believed, and what of it. */
export class ProxyTrust {
  /** How many there are; 0 where they are known by their addresses. */
  readonly #count: number
  readonly #isForwarded: boolean
  readonly #proxies: AddressSet | undefined

  constructor({ from, header }: TrustOptions) {
    this.#count = typeof from === 'number' ? from : 0
    this.#isForwarded = header === 'forwarded'
    this.#proxies = typeof from === 'number' ? undefined : new AddressSet(from, 'trustProxy')
  }

  /** What is to be believed of a request. */
  originOf(source: RequestSource): Origin {
    const ip = peerAddressOf(source)
    const { protocol } = source
    const own: Origin = { host: undefined, ip, isProxied: false, protocol }
    if (!this.#isProxy(0, ip)) return own
    const list = new FromRight(source.headerList(this.#isForwarded ? 'forwarded' : 'x-forwarded-for'))
    return this.#walk(
      own,
      () => {
        const member = list.next()
        if (member === undefined) return undefined
        return this.#isForwarded
          ? forwardedHop(member)
          : { address: nodeAddress(member), host: undefined, protocol: undefined }
      },
      source,
    )
  }

  /** @param place of an address in the chain from the right: 0 is the peer. */
  #isProxy(place: number, address: string): boolean {
    return this.#proxies === undefined ? place < this.#count : this.#proxies.has(address)
  }

  // Each entry was written by the one to its right, and only what a proxy has written is believed: the walk ends with the
  // first entry that is no proxy, and with one that is no address.
  #walk(own: Origin, next: () => Hop | undefined, source: RequestSource): Origin {
    let { ip } = own
    let place = 0
    let last: Hop | undefined
    while (place < mostHops) {
      const hop = next()
      if (hop === undefined) {
        // Through fewer proxies than there are: whoever sent it is none of them, or came past one.
        if (place < this.#count) return own
        break
      }
      place++
      last = hop
      if (hop.address === undefined) break
      ip = hop.address
      if (!this.#isProxy(place, ip)) break
    }
    const told = this.#isForwarded ? last : beside(source, place)
    return {
      host: told?.host !== undefined && isHost(told.host) ? told.host : undefined,
      ip,
      isProxied: true,
      protocol: protocolOf(told?.protocol) ?? own.protocol,
    }
  }
}

/**
 * Settles the option `trustProxy`; undefined where no proxy is believed.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function settleTrust(value: unknown): ProxyTrust | undefined {
  if (value === false) return undefined
  if (value === true) {
    return invalid(
      'trustProxy',
      value,
      `${takes}; with true every client could write the address that it likes to have`,
    )
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return new ProxyTrust({ from: checkFrom(value, 'trustProxy') })
  }
  const { from, header } = checkOptions(value, checks, ' of trustProxy') as Partial<TrustOptions>
  if (from === undefined) return invalid('from of trustProxy', from, takes)
  return new ProxyTrust({ from, ...(header === undefined ? {} : { header }) })
}

const checks = {
  from: checkFrom,
  header: (value: unknown, option: string): unknown =>
    value === 'forwarded' || value === 'x-forwarded' ? value : invalid(option, value, "'x-forwarded' or 'forwarded'"),
}

// What is wrong with one of several addresses, AddressSet says.
function checkFrom(value: unknown, option: string): TrustOptions['from'] {
  if (typeof value === 'string' || Array.isArray(value)) return value
  const isCount = Number.isInteger(value) && (value as number) >= 1 && (value as number) <= mostHops
  return isCount ? (value as number) : invalid(option, value, takes)
}

// What stands in the other lists at the place where the walk has ended; where proxies have not appended to them but
// written them anew, there is less, and all of it theirs.
function beside(source: RequestSource, place: number): Hop {
  return {
    address: undefined,
    host: memberAt(source.headerList('x-forwarded-host'), place),
    protocol: memberAt(source.headerList('x-forwarded-proto'), place),
  }
}

function memberAt(list: string | undefined, place: number): string | undefined {
  if (list === undefined) return undefined
  const members = new FromRight(list)
  let found = members.next()
  for (let at = 1; at < place; at++) {
    const next = members.next()
    if (next === undefined) break
    found = next
  }
  return found
}

function protocolOf(text: string | undefined): 'http' | 'https' | undefined {
  const lower = text?.toLowerCase()
  return lower === 'http' || lower === 'https' ? lower : undefined
}
