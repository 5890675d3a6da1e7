import { AddressSet, canonicalAddress } from './addresses.js'
import { FromRight, forwardedHop, type Hop, nodeAddress } from './forwarded.js'
import { isHost } from './guard.js'
import { checkOptions, invalid } from './options-check.js'
import type { RequestSource } from './request-source.js'

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
    const peer = peerAddressOf(source)
    if (!this.#isProxy(0, peer)) return new Origin(source, peer, undefined)
    const isForwarded = this.#isForwarded
    const list = new FromRight(source.headerList(isForwarded ? 'forwarded' : 'x-forwarded-for'))
    let hop: Hop | undefined
    let ip = peer
    let place = 0
    // Each entry was written by the proxy to its right: the walk ends with the first that is no proxy, and with one that is
    // no address.
    while (place < mostHops) {
      const member = list.next()
      if (member === undefined) {
        // Through fewer proxies than there are: whoever sent it is none of them, or came past one.
        if (place < this.#count) return new Origin(source, peer, undefined)
        break
      }
      place++
      if (isForwarded) hop = forwardedHop(member)
      const address = isForwarded ? hop?.address : nodeAddress(member)
      if (address === undefined) break
      ip = address
      if (!this.#isProxy(place, ip)) break
    }
    return new Origin(source, ip, { hop, isForwarded, place })
  }

  /** @param place of an address in the chain from the right: 0 is the peer. */
  #isProxy(place: number, address: string): boolean {
    return this.#proxies === undefined ? place < this.#count : this.#proxies.has(address)
  }
}

/** Where a walk along the proxies has ended. */
interface End {
  /** What the last of them says in `Forwarded`. */
  readonly hop: Hop | undefined
  readonly isForwarded: boolean
  /** From the right. */
  readonly place: number
}

/** Where a request comes from, as far as it may be believed. What is not asked for is not looked for. */
export class Origin {
  readonly #end: End | undefined
  #host: string | null | undefined = undefined
  #protocol: 'http' | 'https' | undefined = undefined
  readonly #source: RequestSource
  /** In its one spelling. */
  readonly ip: string

  /** @param end undefined where the peer is no proxy that is believed. */
  constructor(source: RequestSource, ip: string, end: End | undefined) {
    this.#end = end
    this.#source = source
    this.ip = ip
  }

  /** The host that the client asked for; undefined where no proxy has told it. */
  get host(): string | undefined {
    if (this.#host === undefined) {
      const told = this.#told('host', 'x-forwarded-host')
      this.#host = told !== undefined && isHost(told) ? told : null
    }
    return this.#host ?? undefined
  }

  /** Whether the peer is a proxy that is believed. */
  get isProxied(): boolean {
    return this.#end !== undefined
  }

  get protocol(): 'http' | 'https' {
    if (this.#protocol === undefined) {
      const told = this.#told('protocol', 'x-forwarded-proto')?.toLowerCase()
      this.#protocol = told === 'http' || told === 'https' ? told : this.#source.protocol
    }
    return this.#protocol
  }

  #told(part: 'host' | 'protocol', header: string): string | undefined {
    if (this.#end === undefined) return undefined
    const { hop, isForwarded, place } = this.#end
    return isForwarded ? hop?.[part] : memberAt(this.#source.headerList(header), place)
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

// What stands at the place where the walk has ended, in a list beside the chain; where a proxy has not appended to that but
// written it anew, there is less, and all of it the proxies'.
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
