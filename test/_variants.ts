import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ListenOptions } from '../src/index.js'
import { nativeTransport } from '../src/transports/native.js'
import { uwsTransport } from '../src/transports/uws.js'
import { type HttpClient, http1Client, http2Client } from './_clients.js'
import { http3Client, http3Missing } from './_http3.js'

/** One way to reach an app: a transport, and what is spoken with it. */
export interface Variant {
  /** Makes a client of one that listens; undefined for Fetch itself. */
  readonly client: ((url: string) => HttpClient) | undefined
  readonly listen: ListenOptions
  readonly name: VariantName
  readonly protocol: 'http' | 'https'
  /** A reason to skip it where it cannot run here. */
  readonly skip: string | false
  readonly transport: 'native' | 'node' | 'uws'
  /** Of HTTP. */
  readonly version: HttpVersion
}

export type HttpVersion = '1.1' | '2' | '3'

export type VariantName =
  | 'native'
  | 'native+h2'
  | 'native+h2c'
  | 'native+h3'
  | 'native+tls'
  | 'node'
  | 'node+h2'
  | 'node+h2c'
  | 'node+tls'
  | 'uws'
  | 'uws+tls'

// For who works on one of them: HOTPRESS_TEST_VARIANTS=native+h2,node+h2
const asked = process.env.HOTPRESS_TEST_VARIANTS?.split(',')

// Why uws cannot run here; in CI, on a Node that it has a binary for, that is a failure and no skip.
const uwsMissing: string | undefined = await uwsTransport.load()
const hasUwsBinary = ['18', '20', '21', '22'].includes(process.versions.node.split('.')[0]!)
if (uwsMissing !== undefined && hasUwsBinary && process.env.CI === 'true') throw new Error(uwsMissing)

const skips = { native: (await nativeTransport.load()) ?? false, node: false, uws: uwsMissing ?? false } as const

const fixture = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`../../test/fixtures/tls/${name}`, import.meta.url)))

/** A certificate for localhost and 127.0.0.1 that nobody has signed, and its key. */
export const tls: { readonly cert: Buffer; readonly key: Buffer } = {
  cert: fixture('cert.pem'),
  key: fixture('key.pem'),
}

type Row = Omit<Variant, 'skip'>

const plain = { client: undefined, listen: {}, protocol: 'http', version: '1.1' } as const
const secure = { client: http1Client, listen: { tls }, protocol: 'https', version: '1.1' } as const
const h2 = { client: http2Client, listen: { tls }, protocol: 'https', version: '2' } as const
const h3 = { client: http3Client, listen: { http3: true, tls }, protocol: 'https', version: '3' } as const
const h2c = { client: http2Client, listen: { http2: { cleartext: true } }, protocol: 'http', version: '2' } as const

const rows: readonly Row[] = [
  { ...plain, name: 'native', transport: 'native' },
  { ...secure, name: 'native+tls', transport: 'native' },
  { ...h2, name: 'native+h2', transport: 'native' },
  { ...h2c, name: 'native+h2c', transport: 'native' },
  { ...h3, name: 'native+h3', transport: 'native' },
  { ...plain, name: 'node', transport: 'node' },
  { ...secure, name: 'node+tls', transport: 'node' },
  { ...h2, name: 'node+h2', transport: 'node' },
  { ...h2c, name: 'node+h2c', transport: 'node' },
  { ...plain, name: 'uws', transport: 'uws' },
  { ...secure, name: 'uws+tls', transport: 'uws' },
]

for (const name of asked ?? []) {
  if (!rows.some((row) => row.name === name)) {
    throw new Error(`HOTPRESS_TEST_VARIANTS has ${name}, and takes ${rows.map((row) => row.name).join(', ')}`)
  }
}

/** All of them: those that are not asked for are skipped, and tests of one by its name may run nevertheless. */
export const variants: readonly Variant[] = rows.map((row) => ({
  ...row,
  skip:
    (asked?.includes(row.name) === false && 'HOTPRESS_TEST_VARIANTS does not have it') ||
    skips[row.transport] ||
    (row.version === '3' && http3Missing),
}))

export function variantNamed(name: VariantName): Variant {
  return variants.find((each) => each.name === name) as Variant
}
