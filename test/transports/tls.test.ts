import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Hotpress, type HotpressError, type ListenOptions } from '../../src/index.js'
import { says } from '../_says.js'

const fixture = (name: string): string => fileURLToPath(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url))
const tls = { cert: fixture('cert.pem'), key: fixture('key.pem') }

describe('certificates', () => {
  const refused = (options: unknown, check: (error: HotpressError) => true): Promise<void> =>
    assert.rejects(new Hotpress({ logger: false }).listen(options as ListenOptions), check)

  const certificates: readonly (readonly [name: string, tls: object, code: string, ...texts: string[]])[] = [
    [
      'a file that is missing',
      { ...tls, cert: '/nowhere/cert.pem' },
      'CERTIFICATE_UNREADABLE',
      'cert cannot be read',
      '/nowhere/cert.pem',
    ],
    ['a key file that is missing', { ...tls, key: '/nowhere/key.pem' }, 'CERTIFICATE_UNREADABLE', 'key cannot be read'],
    [
      'a file that is no PEM',
      { ...tls, cert: fileURLToPath(new URL('../../../package.json', import.meta.url)) },
      'CERTIFICATE_UNREADABLE',
      'cert is not PEM',
    ],
    ['bytes that are no PEM', { ...tls, key: Buffer.from('key') }, 'CERTIFICATE_UNREADABLE', 'key is not PEM'],
    [
      'a PEM without content',
      { ...tls, cert: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----' },
      'CERTIFICATE_UNREADABLE',
      'cannot be used together',
    ],
    [
      'the key of another certificate',
      { ...tls, key: fixture('other-key.pem') },
      'CERTIFICATE_UNREADABLE',
      'cert and key cannot be used together',
    ],
    ['no key', { cert: tls.cert }, 'OPTION_INVALID', 'tls.key', 'undefined', 'a PEM text'],
    ['no certificate', { key: tls.key }, 'OPTION_INVALID', 'tls.cert', 'undefined'],
    ['an option that is not known', { ...tls, ca: 'x' }, 'OPTION_UNKNOWN', 'ca of tls', 'cert, key'],
  ]
  for (const [name, given, code, ...texts] of certificates) {
    test(`do not serve: ${name}`, () => refused({ tls: given }, says(code, ...texts)))
  }
})

describe('TLS on node', () => {
  for (const [name, given] of [
    ['files', tls],
    ['texts', { cert: readFileSync(tls.cert, 'utf8'), key: readFileSync(tls.key, 'utf8') }],
    ['bytes', { cert: readFileSync(tls.cert), key: Uint8Array.from(readFileSync(tls.key)) }],
  ] as const) {
    test(`serves HTTPS by a certificate given as ${name}`, async () => {
      const app = new Hotpress({ logger: false, transport: 'node' })
      app.post('/', async (req) => ({ body: await req.text(), host: req.host, ip: req.ip, protocol: req.protocol }))
      const address = await app.listen({ tls: given })
      assert.equal(address.url, `https://127.0.0.1:${address.port}`)
      const answer = await new Promise<string>((resolve, reject) => {
        const client = request(address.url, { agent: false, ca: readFileSync(tls.cert), method: 'POST' }, (res) => {
          res
            .setEncoding('utf8')
            .toArray()
            .then((parts) => resolve(parts.join('')), reject)
        })
        client.on('error', reject).end('secure')
      })
      const host = `127.0.0.1:${address.port}`
      assert.deepEqual(JSON.parse(answer), { body: 'secure', host, ip: '127.0.0.1', protocol: 'https' })
      await app.close()
    })
  }
})
