import { Buffer } from 'node:buffer'
import { isIPv4, isIPv6 } from 'node:net'
import { canonicalAddress } from '../core/addresses.js'

/** What a header of the PROXY protocol says. */
export interface ProxyHeader {
  /** Whose connection it is, in its one spelling; undefined where that is the proxy's own. */
  readonly address: string | undefined
  /** The header's own, in bytes. */
  readonly length: number
}

/** The most that a header of version 1 may have, its CRLF included. */
const longestLine = 107

/** The most that a header of version 2 may have here: the addresses and some KB of what may follow them. */
const longest = 8192

const line = Buffer.from('PROXY ', 'latin1')
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** Bytes of both addresses and ports, by address family and way of transport. */
const least: Readonly<Record<number, number>> = { 17: 12, 18: 12, 33: 36, 34: 36, 49: 216, 50: 216 }

/**
 * Reads the header at the beginning of a connection (haproxy's proxy-protocol.txt, versions 1 and 2); undefined when more
 * of it must come. The native core reads the same (`native/src/http/proxy.rs`).
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | 'malformed' | undefined {
  if (begins(bytes, line)) return readLine(bytes)
  return begins(bytes, signature) ? readBinary(bytes) : 'malformed'
}

// Whether bytes begin with others, or may yet.
function begins(bytes: Buffer, start: Buffer): boolean {
  const both = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, both, 0, both) === 0
}

function readLine(bytes: Buffer): ProxyHeader | 'malformed' | undefined {
  const end = bytes.subarray(0, longestLine).indexOf('\r')
  if (end < 0) return bytes.length < longestLine ? undefined : 'malformed'
  if (end + 2 > longestLine) return 'malformed'
  if (bytes.length === end + 1) return undefined
  if (bytes[end + 1] !== 0x0a) return 'malformed'
  const [kind, source = '', destination = '', ...ports] = bytes.toString('latin1', line.length, end).split(' ')
  const length = end + 2
  // What follows is to be ignored.
  if (kind === 'UNKNOWN') return { address: undefined, length }
  const isAddress = kind === 'TCP4' ? isIPv4 : kind === 'TCP6' ? isIPv6 : undefined
  if (isAddress === undefined || !isAddress(source) || !isAddress(destination)) return 'malformed'
  // A zone means something on one machine alone.
  if (source.includes('%') || destination.includes('%') || ports.length !== 2 || !ports.every(isPort))
    return 'malformed'
  return { address: canonicalAddress(source), length }
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= 65_535
}

function readBinary(bytes: Buffer): ProxyHeader | 'malformed' | undefined {
  const start = signature.length
  const command = bytes[start]
  if (command === undefined) return undefined
  if (command !== 0x20 && command !== 0x21) return 'malformed'
  const isLocal = command === 0x20
  const kind = bytes[start + 1]
  if (kind === undefined) return undefined
  // An address family and a way of transport; of a connection of the proxy's own they say nothing.
  if (!isLocal && (kind >> 4 > 3 || (kind & 15) > 2)) return 'malformed'
  if (bytes.length < start + 4) return undefined
  const size = bytes.readUInt16BE(start + 2)
  const length = start + 4 + size
  if (length > longest || (!isLocal && size < (least[kind] ?? 0))) return 'malformed'
  if (bytes.length < length) return undefined
  return { address: isLocal ? undefined : sourceOf(kind, bytes.subarray(start + 4)), length }
}

// Whatever is no TCP, the peer's own address stands for.
function sourceOf(kind: number, block: Buffer): string | undefined {
  if (kind === 0x11) return block.subarray(0, 4).join('.')
  if (kind !== 0x21) return undefined
  const parts = Array.from({ length: 8 }, (_, index) => block.readUInt16BE(index * 2).toString(16))
  return canonicalAddress(parts.join(':'))
}
