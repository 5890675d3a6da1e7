import { expectTypeOf } from 'expect-type'
import { Hotpress, type HttpResponse, SseChannel, type SseEvent, type SseStream, sse } from 'hotpress'

const app = new Hotpress()

app.get(
  '/rooms/:room',
  sse(async function* (req, stream) {
    expectTypeOf(req.params).toEqualTypeOf<{ readonly room: string }>()
    expectTypeOf(stream).toEqualTypeOf<SseStream>()
    yield req.params.room
    yield { data: [1], event: 'list', id: '1', retry: 10 }
  }),
)
app.get(
  '/pushed',
  sse((_req, stream) => {
    expectTypeOf(stream.send({ data: 1 })).toEqualTypeOf<boolean>()
    return () => {}
  }),
)
app.get(
  '/later',
  sse(async () => {
    await Promise.resolve()
  }),
)

// @ts-expect-error a field that events do not have
sse(async function* () {
  yield { name: 'x' }
})
// @ts-expect-error a generator gives texts and events
sse(async function* () {
  yield 7
})
// @ts-expect-error
sse(() => {}, { heartbeat: true })

const channel = new SseChannel({ history: 10 })
app.get('/channel/:id', channel.handler)
expectTypeOf(channel.publish({ data: 1 } satisfies SseEvent)).toEqualTypeOf<number>()
expectTypeOf(channel.handler).returns.toEqualTypeOf<HttpResponse>()
