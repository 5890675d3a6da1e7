import { after, before, describe, test } from 'node:test'
import { type Address, Hotpress, type HotpressOptions, type ListenOptions } from '../../src/index.js'
import { fixturePath } from '../_certificates.js'
import { tls, variantNamed } from '../_setup.js'

export type TargetName = 'native' | 'node'

/** How an app listens: in plaintext with HTTP/2 by prior knowledge, over TLS, or there by HTTP/3 as well. */
export type Listener = 'cleartext' | 'http3' | 'tls'

const listeners: Readonly<Record<Listener, ListenOptions>> = {
  cleartext: { http2: { cleartext: true } },
  http3: { http3: true, tls },
  tls: { tls },
}

/** What serves HTTP/3. */
export const http3Targets: readonly TargetName[] = ['native']

/** The certificate of {@link tls}, which is its own authority. */
export const certificate: string = fixturePath('cert.pem')

/** An app that listens from before the first case until after the last. */
export interface Served {
  readonly address: Address
}

/** Serves an app while the tests of the suite run in which it is called. */
export function serve(
  transport: TargetName,
  listen: Listener | ListenOptions,
  build: (app: Hotpress) => void,
  options: HotpressOptions = {},
): Served {
  const app = new Hotpress({ logger: false, transport, ...options })
  build(app)
  let address: Address | undefined
  before(async () => {
    address = await app.listen(typeof listen === 'string' ? listeners[listen] : listen)
  })
  after(() => app.close())
  return {
    get address() {
      if (address === undefined) throw new Error('it does not listen yet')
      return address
    },
  }
}

/** Runs a suite on each transport that speaks HTTP/2, unless the program that it is about is missing. */
export function onTargets(name: string, missing: string | false, suite: (transport: TargetName) => void): void {
  describe(name, () => {
    for (const transport of ['native', 'node'] as const) {
      const variant = variantNamed(transport)
      const skip = missing === false ? variant.skip : missing
      if (skip === false) describe(transport, () => suite(transport))
      else test(transport, { skip })
    }
  })
}
