import { isIP, isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'
import { invalid } from './options-check.js'

type Parsed = ipaddr.IPv4 | ipaddr.IPv6
type Block = [network: Parsed, bits: number]

// RFC 1122, 3.2.1.3; RFC 1918; RFC 3927; RFC 4193; RFC 4291, 2.5.
const names: Readonly<Record<string, readonly string[]>> = {
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

const takes = `addresses, blocks such as '10.0.0.0/8', or ${Object.keys(names)
  .map((name) => `'${name}'`)
  .join(', ')}`

// Peers are few, and each comes again and again; beyond that, forgetting costs a parse.
const mostKnown = 4_096

// An IPv4 address in the form of IPv6 (`::ffff:10.0.0.1`, also in hex) is that IPv4 address (RFC 4291, 2.5.5.2).
function parse(text: string): Parsed | undefined {
  // Stricter than ipaddr.js, which takes octal, hex and short forms of IPv4: what a resolver makes of those differs.
  if (isIP(text) === 0) return undefined
  return ipaddr.process(text.replace(/%.*$/, ''))
}

function parseBlock(text: string): Block | undefined {
  const slash = text.indexOf('/')
  const given = slash < 0 ? text : text.slice(0, slash)
  const network = parse(given)
  if (network === undefined) return undefined
  const most = network.kind() === 'ipv4' ? 32 : 128
  if (slash < 0) return [network, most]
  const digits = text.slice(slash + 1)
  if (!/^\d{1,3}$/.test(digits)) return undefined
  const bits = Number(digits) - (most === 32 && isIP(given) === 6 ? 96 : 0)
  return bits >= 0 && bits <= most ? [network, bits] : undefined
}

/**
 * An address in its one spelling: IPv4 in four decimal parts, IPv6 as RFC 5952 says, IPv4 in IPv6 as IPv4, no zone;
 * undefined for a text that is no address.
 */
export function canonicalAddress(text: string): string | undefined {
  // Made anew: what is cut out of a header would keep the whole of it, for as long as somebody counts by the address.
  if (isIPv4(text)) return text.split('.').join('.')
  const address = parse(text)
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address?.toString()
}

/**
 * The network that stands for an address where clients are counted: IPv4 whole, IPv6 by its first bits, since one
 * subscriber has a block of it (RFC 6177). What is no address stands for itself.
 *
 * @param bits of IPv6: 64 by default.
 */
export function networkOf(address: string, bits = 64): string {
  const parsed = parse(address)
  if (!(parsed instanceof ipaddr.IPv6)) return parsed?.toString() ?? address
  const parts = parsed.parts.map((part, index) => {
    const kept = Math.min(Math.max(bits - index * 16, 0), 16)
    return part & (0xffff << (16 - kept)) & 0xffff
  })
  return `${new ipaddr.IPv6(parts).toRFC5952String()}/${bits}`
}

/**
 * Addresses and blocks of them, each in any spelling.
 *
 * @throws HotpressError `OPTION_INVALID` naming the option and the entry that is neither.
 * @example
 * new AddressSet(['10.0.0.0/8', 'loopback', '2001:db8::/32'], 'trustProxy').has('::ffff:10.1.2.3') // true
 */
export class AddressSet {
  readonly #blocks: readonly Block[]
  readonly #known = new Map<string, boolean>()

  constructor(list: unknown, option: string) {
    const entries: readonly unknown[] = Array.isArray(list) ? list : [list]
    this.#blocks = entries.flatMap((entry) => {
      const texts = typeof entry === 'string' && Object.hasOwn(names, entry) ? names[entry]! : [entry]
      return texts.map((text) => {
        const block = typeof text === 'string' ? parseBlock(text) : undefined
        return block ?? invalid(option, entry, takes)
      })
    })
  }

  /** The blocks as the native core takes them: 16 bytes of an IPv6 address, IPv4 within it, and how many bits count. */
  packed(): Uint8Array {
    const blocks = this.#blocks.map(([network, bits]) =>
      network instanceof ipaddr.IPv4
        ? [...network.toIPv4MappedAddress().toByteArray(), bits + 96]
        : [...network.toByteArray(), bits],
    )
    return Uint8Array.from(blocks.flat())
  }

  /** Whether an address is in the set; a text that is no address never is. */
  has(address: string): boolean {
    const known = this.#known.get(address)
    if (known !== undefined) return known
    const parsed = parse(address)
    const isIn =
      parsed !== undefined &&
      this.#blocks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits))
    if (this.#known.size >= mostKnown) this.#known.clear()
    this.#known.set(address, isIn)
    return isIn
  }
}
