/** What `binding()` gives where there is no native binary: each file here has the signature of a native export. */
export { createCodec } from './codec.js'
export { createRouter } from './router.js'
export { bindShared, limitReceiveBuffers } from './sockets.js'
