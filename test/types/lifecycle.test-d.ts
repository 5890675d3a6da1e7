import { expectTypeOf } from 'expect-type'
import {
  type CloseHook,
  type CloseHookOptions,
  type CloseOptions,
  type ControlOptions,
  Hotpress,
  type ListenerCloseOptions,
  type ListeningServer,
  type ListenOptions,
  type RunOptions,
  type WorkersOptions,
  workerId,
} from 'hotpress'

const app = new Hotpress()

expectTypeOf(app.close()).toEqualTypeOf<Promise<void>>()
expectTypeOf(app.close({ delay: '5s', drain: 1000, idleGrace: '2s', reconnect: false })).toEqualTypeOf<Promise<void>>()
expectTypeOf(app.onClose(async (signal) => expectTypeOf(signal).toEqualTypeOf<AbortSignal>())).toEqualTypeOf<Hotpress>()
expectTypeOf<CloseHook>().returns.toEqualTypeOf<unknown>()
app.onClose(() => {}, { timeout: '10s' } satisfies CloseHookOptions)
expectTypeOf(app.run()).toEqualTypeOf<Promise<ListeningServer>>()
app.run({ delay: '5s', drain: '20s', port: 3000, signals: ['SIGTERM'] })
expectTypeOf<RunOptions>().toExtend<CloseOptions & ListenOptions>()
app.listen({ fd: 'systemd' })
expectTypeOf<ListeningServer['close']>().parameter(0).toEqualTypeOf<ListenerCloseOptions | undefined>()

app.run({ control: { port: 9100 }, workers: 2 })
app.run({ control: { path: '/run/app.sock' } satisfies ControlOptions, workers: 'auto' })
app.run({ workers: { count: 'auto', hangTimeout: '10s', startTimeout: 5000 } satisfies WorkersOptions })
expectTypeOf(workerId()).toEqualTypeOf<number | undefined>()

// @ts-expect-error workers are a number of them, or of the machine's choice
app.run({ workers: 'many' })
// @ts-expect-error and no option of listen()
app.listen({ workers: 2 })
// @ts-expect-error a signal by another name
app.run({ signals: ['TERM'] })
// @ts-expect-error one listener has no delay
app.listen().then((server) => server.close({ delay: 1 }))
// @ts-expect-error a hook is a function
app.onClose('x')
