import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { TlsOptions } from '../../src/index.js'
import { settleTls } from '../../src/transports/tls.js'
import { cipherSuites } from '../../src/transports/tls-options.js'
import type { TlsSettings } from '../../src/transports/transport.js'
import { fixture, fixturePath, pairOf, passphrase } from '../_certificates.js'
import { says } from '../_says.js'

const a = { cert: fixturePath('a-chain.pem'), key: fixturePath('a-key.pem') }
const b = pairOf('b')

interface Settled {
  readonly files: readonly string[]
  readonly settings: TlsSettings
  readonly warnings: readonly string[]
}

function settle(tls: unknown): Settled {
  const warnings: string[] = []
  const { settings, watched } = settleTls(tls, (text) => warnings.push(text))
  return { files: [...(watched?.files.keys() ?? [])], settings, warnings }
}

describe('what does not serve', () => {
  const missing = '/nowhere/cert.pem'
  const unreadable = 'CERTIFICATE_UNREADABLE'
  const noPem = 'is not PEM: there is no "-----BEGIN" in it'
  const cases: readonly (readonly [name: string, tls: object, code: string, ...texts: string[]])[] = [
    ['a file that is missing', { ...a, cert: missing }, unreadable, 'cert of tls cannot be read', 'ENOENT', missing],
    ['a key file that is missing', { ...a, key: missing }, unreadable, 'key of tls cannot be read'],
    ['a folder', { ...a, cert: fixturePath('') }, unreadable, 'cert of tls cannot be read', 'EISDIR'],
    ['a file that is no PEM', { ...a, cert: fixturePath('make.mjs') }, unreadable, 'cert of tls'],
    ['bytes that are no PEM', { ...a, key: Buffer.from('key') }, unreadable, `key of tls ${noPem}`],
    ['no bytes', { ...a, key: Buffer.alloc(0) }, unreadable, `key of tls ${noPem}`],
    [
      'a PEM without content',
      { ...a, cert: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----' },
      unreadable,
      'cert of tls cannot be parsed: certificate 1 in it',
    ],
    [
      'a PEM without an end',
      { ...a, cert: '-----BEGIN CERTIFICATE-----\nMIIB' },
      unreadable,
      'cert of tls has no certificate in it, but a block without an end',
    ],
    [
      'line ends that were written out',
      { ...a, cert: fixture('a.pem').replaceAll('\n', '\\n') },
      unreadable,
      'cert of tls has a backslash and an n',
    ],
    [
      'a key for a certificate',
      { ...a, cert: a.key },
      unreadable,
      'cert of tls has no certificate in it, but PRIVATE KEY',
    ],
    [
      'a certificate for a key',
      { ...a, key: a.cert },
      unreadable,
      'key of tls has no private key in it, but CERTIFICATE',
    ],
    [
      'the key of another certificate',
      { ...a, key: b.key },
      unreadable,
      'cert and key of tls cannot be used together: the key is not that of the certificate (CN=a.example)',
    ],
    [
      'a chain from the wrong end',
      { ...a, cert: fixture('intermediate.pem') + fixture('a.pem') },
      unreadable,
      'the key is that of certificate 2 in the chain, which has to be the first',
    ],
    [
      'a chain that is none',
      { ...a, cert: fixture('a-chain.pem') + fixture('other-ca.pem') },
      unreadable,
      'cert of tls is no chain: certificate 2 (O=Hotpress tests, CN=Intermediate) was not issued by the next (O=Hotpress tests, CN=Other root)',
    ],
    ['a weak key', pairOf('rsa-1024'), unreadable, 'key of tls is an RSA key of 1024 bits', '2,048 bits or more'],
    ['a key on a rare curve', pairOf('secp256k1'), unreadable, 'key of tls is of the kind ec secp256k1', 'P-256'],
    [
      'PKCS#12',
      { ...a, cert: fixturePath('a.p12') },
      unreadable,
      'cert of tls is PKCS#12, and what is taken is PEM',
      `\`openssl pkcs12 -in ${fixturePath('a.p12')} -nodes -out ${fixturePath('a.pem')}\``,
      'both as cert and as key',
    ],
    [
      'PKCS#12 as bytes',
      { ...a, cert: readFileSync(fixturePath('a.p12')) },
      unreadable,
      'openssl pkcs12 -in server.p12',
    ],
    ['PKCS#7', { ...a, cert: fixturePath('a.p7b') }, unreadable, 'cert of tls is PKCS#7', '-print_certs'],
    [
      'a certificate in DER',
      { ...a, cert: fixturePath('a.cer') },
      unreadable,
      'cert of tls is a certificate in DER',
      'openssl x509 -inform DER',
    ],
    ...['a-key.der', 'a-key-sec1.der', 'a-key-encrypted.der', 'rsa-key-pkcs1.der'].map(
      (name) =>
        [
          name,
          { ...a, key: fixturePath(name) },
          unreadable,
          'key of tls is a key in DER',
          'openssl pkey -inform DER',
        ] as const,
    ),
    [
      'an encrypted key without a passphrase',
      { ...a, key: fixturePath('a-key-pkcs8-encrypted.pem') },
      unreadable,
      'key of tls is encrypted, and there is no passphrase',
    ],
    [
      'an encrypted key of old without a passphrase',
      { ...a, key: fixturePath('a-key-sec1-encrypted.pem') },
      unreadable,
      'key of tls is encrypted, and there is no passphrase',
    ],
    [
      'a response of OCSP that tells of an error',
      { ...a, ocsp: fixturePath('try-later.ocsp') },
      unreadable,
      'ocsp of tls is an OCSP response that tells of an error (status 3)',
    ],
    [
      'what is no response of OCSP',
      { ...a, ocsp: fixturePath('a.cer') },
      unreadable,
      'ocsp of tls is no OCSP response',
    ],
    [
      'a response of OCSP that is cut off',
      { ...a, ocsp: readFileSync(fixturePath('a.ocsp')).subarray(0, 90) },
      unreadable,
      'ocsp of tls is no OCSP response',
    ],
    ['an empty response of OCSP', { ...a, ocsp: new Uint8Array(0) }, unreadable, 'ocsp of tls is no OCSP response'],
    [
      'issuers that are none',
      { ...a, ca: a.key, clientCertificate: 'required' },
      unreadable,
      'ca of tls has no certificate in it',
    ],
    [
      'one of several',
      { ...a, certificates: [{ ...b, key: missing }] },
      unreadable,
      'key of certificates[0] of tls cannot be read',
    ],
  ]
  for (const [name, given, code, ...texts] of cases) {
    test(name, () => assert.throws(() => settle(given), says(code, ...texts)))
  }
})

describe('what errors do not tell', () => {
  for (const name of ['a-key-pkcs8-encrypted.pem', 'a-key-sec1-encrypted.pem', 'rsa-key-pkcs1-encrypted.pem']) {
    test(`a wrong passphrase of ${name}`, () => {
      const given = { ...a, key: fixturePath(name), passphrase: 'a secret of mine' }
      assert.throws(
        () => settle(given),
        (error: Error) => {
          says('CERTIFICATE_UNREADABLE', 'key of tls cannot be decrypted with this passphrase')(error as never)
          assert.doesNotMatch(`${error.stack} ${String((error.cause as Error).stack)}`, /a secret of mine/)
          return true
        },
      )
    })
  }

  const secrets: readonly (readonly [name: string, tls: object])[] = [
    ['a key without its first line', { ...a, key: fixture('a-key.pem').split('\n').slice(1, -2).join('') }],
    ['a key without its first line, in lines', { ...a, key: fixture('a-key.pem').split('\n').slice(1).join('\n') }],
    ['a passphrase that is no text', { ...a, passphrase: 20_406_080 }],
    ['a secret of tickets that is too short', { ...a, ticketKeys: ['abcdef0123456789'] }],
    ['a secret of tickets that is no base64', { ...a, ticketKeys: ['abcdef 0123456789 abcdef 0123456789'] }],
    ['a secret of tickets in no list', { ...a, ticketKeys: 'abcdef0123456789' }],
  ]
  for (const [name, given] of secrets) {
    test(name, () => {
      assert.throws(
        () => settle(given),
        (error: Error) => {
          assert.match(error.message, /of tls/)
          assert.doesNotMatch(`${error.stack}`, /MIGH|MIGT|AgEA|20406080|abcdef/)
          return true
        },
      )
    })
  }
})

describe('wrong values', () => {
  const secret = 'x'.repeat(64)
  const pem = 'a PEM text, its bytes, or the path of a file'
  const secretsTake = 'a list of secrets of 32 bytes or more, each as bytes, hex or base64'
  const cases: readonly (readonly [name: string, tls: unknown, option: string, got: string, takes: string])[] = [
    ['no object', 'cert.pem', 'tls', '"cert.pem"', 'an object with cert and key, or certificates'],
    ['null', null, 'tls', 'null', 'an object'],
    ['nothing', {}, 'tls', 'no certificate', 'an object with cert and key, or certificates'],
    ['no key', { cert: a.cert }, 'key of tls', 'undefined', pem],
    ['no certificate', { key: a.key }, 'cert of tls', 'undefined', pem],
    ['a certificate that is no text', { ...a, cert: 7 }, 'cert of tls', '7', pem],
    ['an empty key', { ...a, key: '' }, 'key of tls', '""', pem],
    ['ca alone', { ...a, ca: a.cert }, 'clientCertificate of tls', 'undefined beside ca', "'optional' or 'required'"],
    ['ca that is no text', { ...a, ca: 7, clientCertificate: 'required' }, 'ca of tls', '7', pem],
    [
      'no issuers in a list',
      { ...a, ca: [], clientCertificate: 'required' },
      'ca of tls',
      'an empty list',
      'or a list',
    ],
    ['one in a list that is no text', { ...a, ca: [a.cert, 7], clientCertificate: 'required' }, 'ca of tls', '7', pem],
    ['clientCertificate alone', { ...a, clientCertificate: 'required' }, 'ca of tls', 'undefined', 'who issues'],
    [
      'clientCertificate: true',
      { ...a, ca: a.cert, clientCertificate: true },
      'clientCertificate of tls',
      'true',
      "'optional' or 'required'",
    ],
    [
      'certificates that are no list',
      { certificates: b },
      'certificates of tls',
      'an object',
      'a list of objects with cert and key',
    ],
    ['an empty list of certificates', { certificates: [] }, 'certificates of tls', 'an empty list', 'a list'],
    ['one that is no object', { certificates: ['b.pem'] }, 'options of certificates[0] of tls', '"b.pem"', 'an object'],
    [
      'one without a key',
      { ...a, certificates: [{ cert: b.cert }] },
      'key of certificates[0] of tls',
      'undefined',
      pem,
    ],
    [
      'names that are no list',
      { certificates: [{ ...b, names: 'b.example' }] },
      'names of certificates[0] of tls',
      '"b.example"',
      'a list of host names',
    ],
    [
      'no names',
      { certificates: [{ ...b, names: [] }] },
      'names of certificates[0] of tls',
      'an empty list',
      'a list of host names',
    ],
    ...[
      'b example',
      '10.0.0.1',
      '*',
      '*b.example',
      'a.*.example',
      'bücher.example',
      'b.example.',
      '-b.example',
      `${secret}.example`,
    ].map(
      (name) =>
        [
          `the name ${name}`,
          { certificates: [{ ...b, names: [name] }] },
          'names of certificates[0] of tls',
          JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name),
          "such as 'example.com' or '*.example.com'",
        ] as const,
    ),
    [
      'the same certificate twice',
      { ...a, certificates: [a] },
      'names of certificates of tls',
      'a.example for two certificates, the 1. and the 2.',
      'each host name once',
    ],
    [
      'the same name twice',
      {
        certificates: [
          { ...a, names: ['x.example'] },
          { ...b, names: ['y.example', 'X.example'] },
        ],
      },
      'names of certificates of tls',
      'x.example for two certificates',
      'each host name once',
    ],
    [
      'one that answers for nothing',
      { ...a, certificates: [pairOf('no-name')] },
      'names of certificates[0] of tls',
      'no host name from the certificate',
      'those that it is to answer for',
    ],
    [
      'ciphers that are no list',
      { ...a, ciphers: 'TLS_AES_128_GCM_SHA256' },
      'ciphers of tls',
      '"TLS_AES_128_GCM_SHA256"',
      cipherSuites.join(', '),
    ],
    ['no ciphers', { ...a, ciphers: [] }, 'ciphers of tls', 'an empty list', 'TLS_AES_128_GCM_SHA256'],
    [
      'a cipher by the name of OpenSSL',
      { ...a, ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'] },
      'ciphers of tls',
      '"ECDHE-RSA-AES128-GCM-SHA256"',
      cipherSuites.join(', '),
    ],
    [
      'a cipher without forward secrecy',
      { ...a, ciphers: ['TLS_RSA_WITH_AES_128_GCM_SHA256'] },
      'ciphers of tls',
      '"TLS_RSA_WITH_AES_128_GCM_SHA256"',
      'TLS_ECDHE_RSA',
    ],
    [
      'ciphers of TLS 1.2 for TLS 1.3',
      { ...a, ciphers: [cipherSuites[3]], minVersion: 'TLSv1.3' },
      'ciphers of tls',
      cipherSuites[3],
      'at least one of TLS 1.3',
    ],
    [
      'ciphers of another kind of key',
      { ...a, ciphers: [cipherSuites[6]] },
      'ciphers of tls',
      cipherSuites[6],
      'with ECDSA for the certificate (CN=a.example)',
    ],
    [
      'ciphers of another kind of key, RSA',
      { ...pairOf('rsa'), ciphers: [cipherSuites[3]] },
      'ciphers of tls',
      cipherSuites[3],
      'with RSA for the certificate',
    ],
    ['a time that is none', { ...a, handshakeTimeout: '10' }, 'handshakeTimeout of tls', '"10"', 'milliseconds'],
    ['no time', { ...a, handshakeTimeout: 0 }, 'handshakeTimeout of tls', '0', 'more than 0'],
    ['an old version', { ...a, minVersion: 'TLSv1.1' }, 'minVersion of tls', '"TLSv1.1"', "'TLSv1.2' or 'TLSv1.3'"],
    [
      'a response of OCSP that is no path',
      { ...a, ocsp: true },
      'ocsp of tls',
      'true',
      'the path of a file, or its bytes (DER)',
    ],
    [
      'a response of OCSP for nothing',
      { certificates: [b], ocsp: 'x' },
      'ocsp of tls',
      'no cert beside it',
      'a response for cert',
    ],
    ['an empty passphrase', { ...a, passphrase: '' }, 'passphrase of tls', 'an empty text', 'a text'],
    ['no passphrase', { ...a, passphrase: null }, 'passphrase of tls', 'a value of the type null', 'a text'],
    [
      'a passphrase for nothing',
      { certificates: [b], passphrase: 'x' },
      'passphrase of tls',
      'no key beside it',
      'that of key',
    ],
    ['sessionTickets that is no boolean', { ...a, sessionTickets: 1 }, 'sessionTickets of tls', '1', 'true or false'],
    ['ticketKeys that are no list', { ...a, ticketKeys: secret }, 'ticketKeys of tls', 'no list', secretsTake],
    ['no ticketKeys', { ...a, ticketKeys: [] }, 'ticketKeys of tls', 'an empty list', secretsTake],
    [
      'a short secret',
      { ...a, ticketKeys: [new Uint8Array(32), new Uint8Array(31)] },
      'ticketKeys of tls',
      'a secret of 31 bytes, as number 2',
      secretsTake,
    ],
    [
      'a short secret in hex',
      { ...a, ticketKeys: ['ab'.repeat(31)] },
      'ticketKeys of tls',
      'a secret of 31 bytes, as number 1',
      secretsTake,
    ],
    [
      'a secret that is none',
      { ...a, ticketKeys: [7] },
      'ticketKeys of tls',
      'what is neither, as number 1',
      secretsTake,
    ],
    [
      'ticketKeys without tickets',
      { ...a, sessionTickets: false, ticketKeys: [new Uint8Array(32)] },
      'ticketKeys of tls',
      'secrets of tickets',
      'nothing where sessionTickets is false',
    ],
    ['watch that is no boolean', { ...a, watch: 'yes' }, 'watch of tls', '"yes"', 'true or false'],
  ]
  for (const [name, given, option, got, takes] of cases) {
    test(name, () =>
      assert.throws(() => settle(given), says('OPTION_INVALID', `the option ${option} got ${got}`, takes)),
    )
  }

  test('an option that there is none', () => {
    const pfx = { ...a, pfx: 'a.p12' }
    assert.throws(() => settle(pfx), says('OPTION_UNKNOWN', 'pfx of tls', 'ca, cert, certificates, ciphers'))
    const nested = { certificates: [{ ...b, watch: true }] }
    assert.throws(() => settle(nested), says('OPTION_UNKNOWN', 'watch of certificates[0] of tls', 'cert, key, names'))
  })
})

describe('what serves', () => {
  const forms: readonly (readonly [name: string, tls: object])[] = [
    ['paths', a],
    ['texts', { cert: fixture('a-chain.pem'), key: fixture('a-key.pem') }],
    ['bytes', { cert: readFileSync(a.cert), key: Uint8Array.from(readFileSync(a.key)) }],
    [
      'one text for both',
      { cert: fixture('a-key.pem') + fixture('a-chain.pem'), key: fixture('a-chain.pem') + fixture('a-key.pem') },
    ],
    ['texts with line ends of Windows', { cert: fixture('a-chain.pem').replaceAll('\n', '\r\n'), key: a.key }],
    ['texts with other text around', { cert: `Bag Attributes: caf\xe9\n${fixture('a-chain.pem')}\n# end`, key: a.key }],
    ['a key of SEC1', { ...a, key: fixturePath('a-key-sec1.pem') }],
    ['an encrypted key of PKCS#8', { ...a, key: fixturePath('a-key-pkcs8-encrypted.pem'), passphrase }],
    ['an encrypted key of SEC1', { ...a, key: fixturePath('a-key-sec1-encrypted.pem'), passphrase }],
  ]
  for (const [name, given] of forms) {
    test(`${name}`, () => {
      const { settings, warnings } = settle(given)
      const [{ cert, chain, key, keyDer, names, ocsp }, ...others] = settings.certificates as [
        TlsSettings['certificates'][0],
      ]
      assert.deepEqual(others, [])
      assert.equal(cert.toString(), fixture('a-chain.pem'))
      assert.deepEqual(
        chain.map((der) => new X509Certificate(der).subject),
        ['CN=a.example', 'O=Hotpress tests\nCN=Intermediate'],
      )
      assert.equal(key.toString(), fixture('a-key.pem'))
      assert.deepEqual(Buffer.from(keyDer), readFileSync(fixturePath('a-key.der')))
      assert.deepEqual(names, ['a.example', 'www.a.example'])
      assert.equal(ocsp, undefined)
      assert.deepEqual(warnings, [])
    })
  }

  for (const [name, given] of [
    ['RSA', pairOf('rsa')],
    ['RSA, encrypted as of old', { ...pairOf('rsa'), key: fixturePath('rsa-key-pkcs1-encrypted.pem'), passphrase }],
    ['P-521', pairOf('p521')],
    ['Ed25519', pairOf('ed25519')],
    ['with its root', { ...a, cert: fixture('a-chain.pem') + fixture('ca.pem') }],
  ] as const) {
    test(`a key or chain: ${name}`, () => {
      const { settings, warnings } = settle(given)
      assert.equal(settings.certificates.length, 1)
      assert.deepEqual(warnings, [])
    })
  }

  test('nothing but a certificate and its key, with what is left out complete', () => {
    const { certificates: _, ...rest } = settle(a).settings
    assert.deepEqual(rest, {
      ciphers: undefined,
      clients: undefined,
      handshakeTimeout: 10_000,
      isWatched: false,
      minVersion: 'TLSv1.2',
      sessionTickets: true,
      ticketKeys: undefined,
    })
  })

  test('every option', () => {
    const tls: TlsOptions = {
      ...a,
      ca: [fixturePath('ca.pem'), fixture('other-ca.pem') + fixture('intermediate.pem')],
      certificates: [
        { ...b, names: ['*.B.example', 'b.example'], ocsp: readFileSync(fixturePath('a.ocsp')) },
        pairOf('common-name'),
      ],
      ciphers: [cipherSuites[2], cipherSuites[0], cipherSuites[2]],
      clientCertificate: 'optional',
      handshakeTimeout: '5s',
      minVersion: 'TLSv1.3',
      ocsp: fixturePath('a.ocsp'),
      sessionTickets: true,
      ticketKeys: [
        Buffer.alloc(32, 1),
        '02'.repeat(32),
        Buffer.alloc(33, 3).toString('base64'),
        Buffer.alloc(32, 255).toString('base64url'),
      ],
      watch: true,
    }
    const { files, settings, warnings } = settle(tls)
    const { certificates, ciphers, clients, handshakeTimeout, isWatched, minVersion, ticketKeys } = settings
    assert.deepEqual(
      certificates.map(({ names }) => names),
      [['a.example', 'www.a.example'], ['*.b.example', 'b.example'], ['old.example']],
    )
    assert.deepEqual(
      certificates.map(({ ocsp }) => ocsp?.byteLength),
      [readFileSync(fixturePath('a.ocsp')).length, readFileSync(fixturePath('a.ocsp')).length, undefined],
    )
    assert.deepEqual(ciphers, [cipherSuites[2], cipherSuites[0]])
    assert.equal(clients?.isRequired, false)
    assert.deepEqual(
      clients?.caChain.map((der) => new X509Certificate(der).subject),
      ['O=Hotpress tests\nCN=Root', 'O=Hotpress tests\nCN=Other root', 'O=Hotpress tests\nCN=Intermediate'],
    )
    assert.equal(clients?.ca.toString(), fixture('ca.pem') + fixture('other-ca.pem') + fixture('intermediate.pem'))
    assert.deepEqual([handshakeTimeout, isWatched, minVersion], [5000, true, 'TLSv1.3'])
    // What clients are asked for is mixed into them.
    assert.deepEqual(
      settle({ ...tls, ca: undefined, clientCertificate: undefined }).settings.ticketKeys?.map((key) => [
        key.byteLength,
        key[0],
      ]),
      [
        [32, 1],
        [32, 2],
        [33, 3],
        [32, 255],
      ],
    )
    assert.deepEqual(
      ticketKeys?.map((key) => key.byteLength),
      [32, 32, 32, 32],
    )
    assert.deepEqual(files, [
      a.cert,
      a.key,
      fixturePath('a.ocsp'),
      b.cert,
      b.key,
      ...Object.values(pairOf('common-name')),
    ])
    assert.deepEqual(warnings, [])
  })

  test('the first of a list as the default, which needs no name', () => {
    const { settings } = settle({ certificates: [pairOf('no-name'), b] })
    assert.deepEqual(
      settings.certificates.map(({ names }) => names),
      [[], ['*.b.example', 'b.example']],
    )
  })

  test('no secret that is changed later', () => {
    const secret = Buffer.alloc(32, 1)
    const { settings } = settle({ ...a, ticketKeys: [secret] })
    secret.fill(2)
    assert.equal(settings.ticketKeys?.[0]?.[0], 1)
  })
})

describe('what is warned of', () => {
  const cases: readonly (readonly [name: string, tls: object, warning: RegExp])[] = [
    [
      'a certificate that has expired',
      pairOf('expired'),
      /^cert of tls: the certificate CN=expired\.example has expired, on 2021-01-01T/,
    ],
    [
      'a certificate that is not valid yet',
      pairOf('future'),
      /^cert of tls: the certificate CN=future\.example is not valid before 2090-01-01T/,
    ],
    [
      'a name that it was not issued for',
      { certificates: [{ ...b, names: ['x.b.example', 'x.y.b.example'] }] },
      /^names of certificates\[0\] of tls: the certificate was not issued for x\.y\.b\.example/,
    ],
    [
      'a passphrase that is not needed',
      { ...a, passphrase },
      /^key of tls is not encrypted: its passphrase is not needed$/,
    ],
    [
      'a client as the issuer of clients',
      { ...a, ca: fixturePath('client.pem'), clientCertificate: 'required' },
      /^ca of tls: the certificate .*CN=billing is not one of an issuer/,
    ],
  ]
  for (const [name, given, warning] of cases) {
    test(name, () => {
      const { warnings } = settle(given)
      assert.equal(warnings.length, 1)
      assert.match(warnings[0]!, warning)
    })
  }
})
