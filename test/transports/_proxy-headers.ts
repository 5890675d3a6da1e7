const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** The most that a header may have. */
const longest = 8192

/** A header of version 2. */
export function binary(command: number, kind: number, block: Uint8Array): Buffer {
  const size = Buffer.alloc(2)
  size.writeUInt16BE(block.length)
  return Buffer.concat([signature, Buffer.of(command, kind), size, block])
}

function line(text: string): Buffer {
  return Buffer.from(`PROXY ${text}\r\n`, 'latin1')
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}

const ports = '1f90 0050'
const ipv4 = hex(`cb007107 0a000001 ${ports}`)
const ipv6 = hex(`20010db8000000000000000000000007 ${'00'.repeat(16)} ${ports}`)
const mapped = hex(`00000000000000000000ffffcb007107 ${'00'.repeat(16)} ${ports}`)
const more = (block: Buffer, rest: Uint8Array): Buffer => Buffer.concat([block, rest])

/** Headers, each with the address that it announces; undefined for the peer's own. `native/src/http/tests/proxy.rs` has the same. */
export const sound: readonly (readonly [name: string, header: Buffer, address: string | undefined])[] = [
  ['1: TCP4', line('TCP4 203.0.113.7 10.0.0.1 56324 443'), '203.0.113.7'],
  ['1: TCP4, all of it long', line('TCP4 255.255.255.255 255.255.255.255 65535 65535'), '255.255.255.255'],
  ['1: TCP4, ports of 0', line('TCP4 203.0.113.7 10.0.0.1 0 0'), '203.0.113.7'],
  ['1: TCP6', line('TCP6 2001:DB8::7 ::1 4711 80'), '2001:db8::7'],
  ['1: TCP6 that is IPv4', line('TCP6 ::ffff:203.0.113.7 ::1 4711 80'), '203.0.113.7'],
  ['1: UNKNOWN', line('UNKNOWN'), undefined],
  ['1: UNKNOWN with what is to be ignored', line('UNKNOWN 1.1.1.1 2.2.2.2 1 2 and \u{e9} more'), undefined],
  ['1: the longest', line(`UNKNOWN ${'x'.repeat(107 - 16)}`), undefined],
  ['2: TCP over IPv4', binary(0x21, 0x11, ipv4), '203.0.113.7'],
  ['2: TCP over IPv4, with TLVs', binary(0x21, 0x11, more(ipv4, hex('010002 6832 030004 61626364'))), '203.0.113.7'],
  ['2: TCP over IPv6', binary(0x21, 0x21, ipv6), '2001:db8::7'],
  ['2: TCP over IPv6 that is IPv4', binary(0x21, 0x21, mapped), '203.0.113.7'],
  ['2: UDP over IPv4', binary(0x21, 0x12, ipv4), undefined],
  ['2: UDP over IPv6', binary(0x21, 0x22, ipv6), undefined],
  ['2: UNIX', binary(0x21, 0x31, Buffer.alloc(216, 'A')), undefined],
  ['2: UNSPEC', binary(0x21, 0x00, Buffer.alloc(0)), undefined],
  ['2: UNSPEC with what is to be ignored', binary(0x21, 0x00, Buffer.from('ignored')), undefined],
  ['2: LOCAL with addresses', binary(0x20, 0x11, ipv4), undefined],
  ['2: LOCAL', binary(0x20, 0x00, Buffer.alloc(0)), undefined],
  ['2: LOCAL of any family', binary(0x20, 0xff, Buffer.from('x')), undefined],
  ['2: the longest', binary(0x21, 0x11, more(ipv4, Buffer.alloc(longest - 28))), '203.0.113.7'],
]

/** What no connection of a proxy begins with. */
export const malformed: readonly Buffer[] = [
  ...[
    'PROXY\r\n',
    'PROXY \r\n',
    'proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n',
    'PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n',
    'PROXY tcp4 1.1.1.1 2.2.2.2 1 2\r\n',
    'PROXY UNKNOWNS\r\n',
    'PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n',
    'PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n',
    'PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n',
    'PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n',
    'PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n',
    'PROXY TCP4 1.1.1.1 2.2.2.2\r\n',
    'PROXY TCP4\r\n',
    'PROXY TCP4 ::1 ::1 1 2\r\n',
    'PROXY TCP4 1.1.1.1 ::1 1 2\r\n',
    'PROXY TCP6 1.1.1.1 ::1 1 2\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n',
    'PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n',
    'PROXY TCP4 1.1.1.01 2.2.2.2 1 2\r\n',
    'PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n',
    'PROXY TCP4 unknown 2.2.2.2 1 2\r\n',
    'PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n',
    'PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n',
    'PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n',
    'PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n',
    'PROXY TCP4 1.1.1.1 2.2.2.2 1 x\r\n',
    'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\rGET',
    'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n\r\n',
    `PROXY UNKNOWN ${'x'.repeat(107 - 15)}\r\n`,
    `PROXY UNKNOWN ${'x'.repeat(200)}`,
    'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
    '\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n',
    '\x16\x03\x01',
    ' PROXY UNKNOWN\r\n',
  ].map((text) => Buffer.from(text, 'latin1')),
  binary(0x22, 0x11, ipv4),
  binary(0x2f, 0x11, ipv4),
  binary(0x11, 0x11, ipv4),
  binary(0x31, 0x11, ipv4),
  binary(0x21, 0x41, ipv4),
  binary(0x21, 0x13, ipv4),
  binary(0x21, 0xff, ipv4),
  binary(0x21, 0x11, ipv4.subarray(0, 11)),
  binary(0x21, 0x11, Buffer.alloc(0)),
  binary(0x21, 0x12, ipv4.subarray(0, 11)),
  binary(0x21, 0x21, ipv6.subarray(0, 35)),
  binary(0x21, 0x31, Buffer.alloc(215)),
  binary(0x21, 0x11, Buffer.alloc(longest - 15)),
  binary(0x20, 0x00, Buffer.alloc(longest - 15)),
]
