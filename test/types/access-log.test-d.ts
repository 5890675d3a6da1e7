// Checked by tsc alone: nothing here runs.
import { expectTypeOf } from 'expect-type'
import {
  type AccessLogDestination,
  type AccessLogFile,
  type AccessLogOptions,
  type AccessLogRotation,
  type AccessLogSyslog,
  Hotpress,
  type HotpressOptions,
  type HttpRequest,
  type RequestEnd,
} from 'hotpress'

expectTypeOf<HotpressOptions['accessLog']>().toEqualTypeOf<
  boolean | AccessLogOptions | readonly AccessLogOptions[] | undefined
>()
const rotate: AccessLogRotation = { compress: false, every: '1d', keep: 7, maxAge: '30d', maxSize: '100mb' }
const file: AccessLogFile = { file: 'access.log', mode: 0o600, reopen: true, rotate }
const syslog: AccessLogSyslog = { appName: 'shop', facility: 'local3', framing: 'newline', syslog: 'tcp://logs:601' }
const destinations: readonly AccessLogDestination[] = ['journald', 'stdout', file, syslog, { journald: {} }]
new Hotpress({
  accessLog: destinations.map((destination) => ({
    destination,
    fields(request, end) {
      expectTypeOf(request).toEqualTypeOf<HttpRequest>()
      expectTypeOf(end).toEqualTypeOf<RequestEnd>()
      return { tenant: request.params.tenant }
    },
    format: '%m %U',
    only: ['/api/*'],
    redact: { headers: ['x-key'], query: ['key'] },
    sample: 0.1,
    skip: (_, { duration }) => duration < 1,
    slow: '1s',
    user: (request) => request.params.user,
  })),
})
// @ts-expect-error a path stands in { file }
new Hotpress({ accessLog: { destination: '/var/log/access.log' } })
// @ts-expect-error there is no such facility
new Hotpress({ accessLog: { destination: { facility: 'kern', syslog: 'udp://logs' } } })
// @ts-expect-error false, or what is redacted as well
new Hotpress({ accessLog: { redact: true } })
