// The Autobahn test suite: WebSockets frame by frame, in all but what takes long.
import { autobahn, common, ofUws } from './_autobahn.js'

const cases = ['1.*', '2.*', '3.*', '4.*', '5.*', '6.*', '7.*', '10.*']
const count = 247

autobahn('frames, text, closing', [
  { cases, count, expected: common, variant: 'native' },
  { cases, count, expected: common, variant: 'node' },
  { cases, count, expected: ofUws, variant: 'uws' },
])
