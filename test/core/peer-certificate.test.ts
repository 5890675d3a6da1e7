import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { peerCertificateOf, subjectAltNames } from '../../src/core/peer-certificate.js'
import { fixture } from '../_certificates.js'

const x509 = new X509Certificate(fixture('client.pem'))
const raw = Uint8Array.from(x509.raw)

describe('the certificate of a client', () => {
  test('has its members', () => {
    const certificate = peerCertificateOf(raw)!
    const { fingerprint256, issuer, serialNumber, subject, subjectAltNames, validFrom, validTo } = certificate
    assert.equal(certificate.raw, raw)
    assert.equal(fingerprint256, x509.fingerprint256)
    assert.match(fingerprint256, /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/)
    assert.equal(serialNumber, x509.serialNumber)
    assert.deepEqual({ ...issuer }, { CN: 'Root', O: 'Hotpress tests' })
    assert.deepEqual({ ...subject }, { CN: 'billing', O: 'Example, Inc.', OU: ['one', 'two'] })
    assert.deepEqual(subjectAltNames, [
      'URI:spiffe://example/billing',
      'email:billing@a.example',
      'DNS:billing.example',
    ])
    assert.equal(validFrom.toISOString(), '2020-01-01T00:00:00.000Z')
    assert.equal(validTo.toISOString(), '2120-01-01T00:00:00.000Z')
  })

  test('is one and the same for the bytes of one connection', () => {
    assert.equal(peerCertificateOf(raw), peerCertificateOf(raw))
    assert.notEqual(peerCertificateOf(raw), peerCertificateOf(Uint8Array.from(raw)))
    assert.equal(peerCertificateOf(undefined), undefined)
  })

  test('has no attributes but those of its name', () => {
    const { subject } = peerCertificateOf(raw)!
    assert.equal('constructor' in subject, false)
    assert.equal(Object.isFrozen(subject), true)
  })

  test('is parsed no earlier than a member is asked for', () => {
    const certificate = peerCertificateOf(Buffer.from('no certificate'))!
    assert.throws(() => certificate.subject)
  })

  // As Node writes them: what could be taken for two names is a JSON string.
  const names: readonly (readonly [text: string, list: readonly string[]])[] = [
    ['', []],
    ['DNS:a.example', ['DNS:a.example']],
    ['DNS:a.example, IP Address:0:0:0:0:0:0:0:1', ['DNS:a.example', 'IP Address:0:0:0:0:0:0:0:1']],
    ['DNS:"b.example\\u002c DNS:evil", DNS:c', ['DNS:b.example, DNS:evil', 'DNS:c']],
    ['URI:"http://x/\\"q\\u002cz"', ['URI:http://x/"q,z']],
    ['othername:<unsupported>, Registered ID:1.2.3.4', ['othername:<unsupported>', 'Registered ID:1.2.3.4']],
    ['DirName:"CN=a\\\\\\u002c b", email:a@b', ['DirName:CN=a\\, b', 'email:a@b']],
  ]
  for (const [subjectAltName, list] of names) {
    test(`has the names of ${JSON.stringify(subjectAltName)}`, () => {
      assert.deepEqual(subjectAltNames({ subjectAltName } as X509Certificate), list)
    })
  }
})
