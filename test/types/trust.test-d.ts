// Checked by tsc alone: nothing here runs.
import { expectTypeOf } from 'expect-type'
import { Hotpress, type HttpRequest, type RequestIdOptions, type TrustOptions } from 'hotpress'

expectTypeOf<HttpRequest['peerAddress']>().toEqualTypeOf<string>()
expectTypeOf<HttpRequest['protocol']>().toEqualTypeOf<'http' | 'https'>()

new Hotpress({ trustProxy: false })
new Hotpress({ trustProxy: 2 })
new Hotpress({ proxyProtocol: 'loopback', trustProxy: 'loopback' })
new Hotpress({ proxyProtocol: ['10.0.0.0/8'] as const, trustProxy: ['10.0.0.0/8', '2001:db8::/32'] as const })
new Hotpress({ trustProxy: { from: 'private', header: 'forwarded' } satisfies TrustOptions })
new Hotpress({ requestId: { generate: () => 'id', header: false } satisfies RequestIdOptions })

// @ts-expect-error: every client could write its own address
new Hotpress({ trustProxy: true })
// @ts-expect-error: headers of single vendors are not read
new Hotpress({ trustProxy: { from: 'loopback', header: 'x-real-ip' } })
// @ts-expect-error: a promise is no id
new Hotpress({ requestId: { generate: async () => 'id' } })
// @ts-expect-error: a count says nothing of who announces
new Hotpress({ proxyProtocol: 1 })
