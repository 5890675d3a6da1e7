import type { Buffer } from 'node:buffer'

// What bytes in DER are, as far as their beginning tells: enough to say what to do with them, or that they are not what
// was asked for.

interface Format {
  /** The command that makes PEM of it. */
  readonly command: (from: string, to: string) => string
  /** A file of it, where its name is not known. */
  readonly file: string
  readonly name: string
  /** How the content of its SEQUENCE begins, in hex. */
  readonly start: RegExp
}

const key = {
  command: (from: string, to: string): string => `\`openssl pkey -inform DER -in ${from} -out ${to}-key.pem\``,
  file: 'server.der',
  name: 'a key in DER',
}

const formats: readonly Format[] = [
  {
    command: (from, to) =>
      `\`openssl pkcs12 -in ${from} -nodes -out ${to}.pem\`, and give ${to}.pem both as cert and as key`,
    file: 'server.p12',
    name: 'PKCS#12',
    // Version 3, and a SEQUENCE (RFC 7292, 4).
    start: /^02010330/,
  },
  {
    command: (from, to) => `\`openssl pkcs7 -inform DER -in ${from} -print_certs -out ${to}.pem\``,
    file: 'server.p7b',
    name: 'PKCS#7',
    // The type signedData (RFC 2315, 14).
    start: /^06092a864886f70d010702/,
  },
  // RFC 5958, RFC 8017 A.1.2, RFC 5915.
  { ...key, start: /^0201(?:0[01]30|0002|0104)/ },
  // Encrypted by PKCS#5, or as PKCS#12 does it (RFC 5958, 3).
  { ...key, start: /^30..06(?:092a864886f70d0105|0a2a864886f70d010c01)/ },
  {
    command: (from, to) => `\`openssl x509 -inform DER -in ${from} -out ${to}.pem\``,
    file: 'server.cer',
    name: 'a certificate in DER',
    // What is signed is a SEQUENCE too (RFC 5280, 4.1).
    start: /^308[0-4]/,
  },
]

/** How to make PEM of bytes in DER, as a sentence for their owner; undefined where they are not known. */
export function conversionOf(bytes: Buffer, file: string | undefined): string | undefined {
  const content = contentOf(bytes)
  if (content === undefined) return undefined
  const start = bytes.toString('hex', content.at, content.at + 32)
  const format = formats.find((each) => each.start.test(start))
  if (format === undefined) return undefined
  const from = file ?? format.file
  const command = format.command(from, from.replace(/\.[^./\\]*$/, ''))
  return `is ${format.name}, and what is taken is PEM: convert it by ${command}`
}

/** The status of an OCSP response (RFC 6960, 4.2.1): 0 for one that holds an answer; undefined where it is none. */
export function ocspStatus(bytes: Buffer): number | undefined {
  const content = contentOf(bytes)
  if (content === undefined || content.at + (content.size ?? -1) !== bytes.length) return undefined
  const [type, length, status] = bytes.subarray(content.at)
  return type === 0x0a && length === 1 ? status : undefined
}

// The content of a SEQUENCE; BER may leave its length open.
function contentOf(bytes: Buffer): { readonly at: number; readonly size: number | undefined } | undefined {
  const first = bytes[1]
  if (bytes[0] !== 0x30 || first === undefined) return undefined
  if (first < 0x80) return { at: 2, size: first }
  const octets = first & 0x7f
  if (octets === 0) return { at: 2, size: undefined }
  if (octets > 4 || bytes.length < 2 + octets) return undefined
  return { at: 2 + octets, size: bytes.readUIntBE(2, octets) }
}
