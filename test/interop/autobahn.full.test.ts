// The Autobahn test suite: what takes long, and TLS.
import { autobahn, common, type Expected, ofUws } from './_autobahn.js'

// More than 16,384 fragments, which the library `ws` does not take (1008): 65,536 and 16,384 of data, and an end.
const fragments: Expected = Object.fromEntries(['9.3.1', '9.3.2', '9.4.1', '9.4.2'].map((id) => [id, ['FAILED']]))

const limits = { cases: ['9.*'], count: 54 }

autobahn('limits', [
  { ...limits, expected: fragments, variant: 'native' },
  { ...limits, expected: fragments, variant: 'node' },
  { ...limits, expected: {}, variant: 'uws' },
])

// Each is a thousand messages: of 16 bytes, 4 KB, and 8 KB in fragments; of 64 KB once.
const sizes = [1, 5, 11]
const groups = [...[1, 2, 3, 4, 5].map((data) => `12.${data}`), ...[1, 2, 3, 4, 5, 6, 7].map((offer) => `13.${offer}`)]
const deflated = [...groups.flatMap((group) => sizes.map((size) => `${group}.${size}`)), '12.1.9']

const compressed = { cases: deflated, compression: true, count: deflated.length, expected: {} }

autobahn('compression', [
  { ...compressed, variant: 'native' },
  { ...compressed, variant: 'node' },
  { ...compressed, variant: 'uws' },
])

const overTls = { cases: ['1.*', '2.*', '5.*', '7.*'], count: 84 }

autobahn('over TLS', [
  { ...overTls, expected: common, variant: 'native+tls' },
  { ...overTls, expected: common, variant: 'node+tls' },
  { ...overTls, expected: ofUws, variant: 'uws+tls' },
])
