// CommonJS in both builds, for `__dirname` and `require`: the root of the package is three levels up from each of
// dist/esm/native, dist/cjs/native and .build/src/native.
import path = require('node:path')

const nodeGypBuild: (folder: string) => unknown = require('node-gyp-build')

/** Loads the addon that node-gyp-build finds: one built from source in build/Release, else a prebuild. */
function load(): unknown {
  return nodeGypBuild(path.join(__dirname, '../../..'))
}

export = load
