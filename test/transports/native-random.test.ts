import { test } from 'node:test'
import { nativeTransport } from '../../src/transports/native.js'
import { run } from './_random-run.js'

const skip = (await nativeTransport.load()) ?? false

test('native: random clients have the answers that they asked for, for 5 s', { skip }, (context) => run(context, 5))

test('native: random clients over TLS have the answers that they asked for, for 5 s', { skip }, (context) =>
  run(context, 5, 'https'),
)
