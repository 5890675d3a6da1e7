// CommonJS in both builds, for a `require` that can wait: an app without WebSockets needs none of it.
import type * as Ws from 'ws'

/** The library `ws`, loaded when it is first needed. */
function loadWs(): typeof Ws {
  return require('ws') as typeof Ws
}

export = loadWs
