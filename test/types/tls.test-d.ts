// Checked by tsc alone: nothing here runs.
import { expectTypeOf } from 'expect-type'
import {
  type Address,
  type CertificateOptions,
  type CipherSuite,
  type DistinguishedName,
  Hotpress,
  type HttpRequest,
  type HttpsRedirectOptions,
  type ListeningServer,
  type ListenOptions,
  type PeerCertificate,
  type TlsCertificateOptions,
  type TlsOptions,
} from 'hotpress'

const app = new Hotpress()
const pair = { cert: 'cert.pem', key: new Uint8Array() }

expectTypeOf(app.listen).returns.resolves.toEqualTypeOf<ListeningServer>()
expectTypeOf<ListeningServer>().toExtend<Address>()
expectTypeOf<HttpRequest['sni']>().toEqualTypeOf<string | undefined>()
expectTypeOf<HttpRequest['peerCertificate']>().toEqualTypeOf<PeerCertificate | undefined>()
expectTypeOf<PeerCertificate['subject']>().toEqualTypeOf<DistinguishedName>()
expectTypeOf<PeerCertificate['subjectAltNames']>().toEqualTypeOf<readonly string[]>()
expectTypeOf<PeerCertificate['validTo']>().toEqualTypeOf<Date>()
expectTypeOf<'TLS_AES_128_GCM_SHA256'>().toExtend<CipherSuite>()

app.listen({ tls: pair }, (server) => server.setCertificates({ ...pair, ticketKeys: [new Uint8Array(32)] }))
app.listen({
  http2: { maxConcurrentStreams: 100, streamWindow: '1mb' },
  http3: true,
  tls: {
    ca: ['ca.pem', new Uint8Array()],
    certificates: [
      { ...pair, names: ['*.example.com'], ocsp: 'cert.ocsp', passphrase: 'x' } satisfies CertificateOptions,
    ],
    ciphers: ['TLS_AES_256_GCM_SHA384'],
    clientCertificate: 'optional',
    handshakeTimeout: '5s',
    minVersion: 'TLSv1.3',
    sessionTickets: true,
    watch: true,
  } satisfies TlsOptions,
} satisfies ListenOptions)
app.listen({ port: 80, redirectToHttps: true })
app.listen({ redirectToHttps: { allowedHosts: ['a.example'], port: 443, status: 301 } satisfies HttpsRedirectOptions })
const options: TlsCertificateOptions = { certificates: [pair] }
app.listen().then((server) => server.setCertificates(options))

// @ts-expect-error: by the names of IANA
app.listen({ tls: { ...pair, ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'] } })
// @ts-expect-error: old versions are not spoken
app.listen({ tls: { ...pair, minVersion: 'TLSv1.1' } })
// @ts-expect-error: 303 would make a GET of everything
app.listen({ redirectToHttps: { status: 303 } })
// @ts-expect-error: what a listener began with stays
app.listen().then((server) => server.setCertificates({ ...pair, minVersion: 'TLSv1.3' }))
