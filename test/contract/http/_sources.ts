// Bodies that come in parts.
import { setTimeout as sleep } from 'node:timers/promises'

export async function* parts(...all: readonly string[]): AsyncGenerator<string> {
  for (const part of all) {
    await sleep(1)
    yield part
  }
}

export async function* failing(): AsyncGenerator<string> {
  yield 'a part'
  await sleep(1)
  throw new Error('the source has failed')
}

export async function* endless(): AsyncGenerator<string> {
  for (;;) {
    yield 'more'
    await sleep(5)
  }
}
