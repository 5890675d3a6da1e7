// Checked by tsc alone: nothing here runs.
import { expectTypeOf } from 'expect-type'
import {
  type CompressionOptions,
  type ContentCoding,
  compression,
  Hotpress,
  type HttpResponse,
  type Middleware,
  RouteGroup,
  text,
} from 'hotpress'

expectTypeOf<ContentCoding>().toEqualTypeOf<'br' | 'gzip' | 'zstd'>()
expectTypeOf(compression).returns.toEqualTypeOf<Middleware>()
expectTypeOf(text('a').uncompressed()).toEqualTypeOf<HttpResponse>()
expectTypeOf(text('a').isUncompressed).toEqualTypeOf<boolean>()

new Hotpress({ compression: true })
new Hotpress({ compression: { codings: ['gzip'], levels: { br: 5 }, memo: '1mb', types: (type) => type === 'text/x' } })
new RouteGroup().use(compression({ memo: false, threshold: 1024 }))

// @ts-expect-error: there is no such coding
compression({ codings: ['deflate'] })
// @ts-expect-error: levels are numbers
compression({ levels: { br: '4' } })
// @ts-expect-error: the option is called levels
compression({ level: 4 })
// @ts-expect-error: a name is no switch
new Hotpress({ compression: 'gzip' })

expectTypeOf<CompressionOptions['threshold']>().toEqualTypeOf<number | string | undefined>()
