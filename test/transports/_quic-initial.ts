// First packets of clients of QUIC (RFC 9000, 17.2.2), for what no client would send. Their keys are known to everybody
// (RFC 9001, 5.2).
import { createCipheriv, createHmac, randomBytes } from 'node:crypto'
import { varint } from './_http3-frames.js'

const salt = Buffer.from('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'hex')

/** What a server takes for a first packet is no smaller (RFC 9000, 14.1). */
const size = 1200

/** What a datagram is: a Retry is what a server asks by that an address be proved. */
export function isRetry(datagram: Buffer): boolean {
  return (datagram[0]! & 0xf0) === 0xf0 && datagram.readUInt32BE(1) === 1
}

export function isVersionNegotiation(datagram: Buffer): boolean {
  return (datagram[0]! & 0x80) !== 0 && datagram.readUInt32BE(1) === 0
}

/** One with the beginning of a handshake: the server has to wait for its rest. */
export function beginning(): Buffer {
  // The head of a ClientHello of 500 bytes, its version and random bytes.
  const hello = Buffer.concat([Buffer.from([1, 0, 1, 244, 3, 3]), randomBytes(32)])
  return initial(Buffer.concat([Buffer.from([0x06, 0]), varint(hello.length), hello]))
}

/** One with these frames, and padding. */
export function initial(frames: Buffer): Buffer {
  const [destination, source] = [randomBytes(8), randomBytes(8)]
  const begin = Buffer.concat([
    Buffer.from([0xc3, 0, 0, 0, 1, destination.length]),
    destination,
    Buffer.from([source.length]),
    source,
    // No token.
    Buffer.from([0]),
  ])
  const number = Buffer.alloc(4)
  const tag = 16
  const length = size - begin.length - 2
  const header = Buffer.concat([begin, Buffer.from([0x40 | (length >> 8), length & 0xff]), number])
  const plain = Buffer.concat([frames, Buffer.alloc(length - number.length - tag - frames.length)])
  const secret = expand(createHmac('sha256', salt).update(destination).digest(), 'client in', 32)
  const cipher = createCipheriv('aes-128-gcm', expand(secret, 'quic key', 16), expand(secret, 'quic iv', 12))
  cipher.setAAD(header)
  const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  const masking = createCipheriv('aes-128-ecb', expand(secret, 'quic hp', 16), null)
  const mask = masking.update(sealed.subarray(0, 16))
  header[0]! ^= mask[0]! & 0x0f
  const at = header.length - number.length
  for (let index = 0; index < number.length; index++) header[at + index]! ^= mask[index + 1]!
  return Buffer.concat([header, sealed])
}

// HKDF-Expand-Label (RFC 8446, 7.1), of which one block is enough.
function expand(secret: Buffer, name: string, length: number): Buffer {
  const label = Buffer.from(`tls13 ${name}`)
  const info = Buffer.concat([Buffer.from([0, length, label.length]), label, Buffer.from([0, 1])])
  return createHmac('sha256', secret).update(info).digest().subarray(0, length)
}
