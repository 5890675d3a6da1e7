// Fails, with one sentence, when a native binary was built from other sources than the tree has. Whether a prebuild
// would load on its platform is what scripts/check-prebuilds.mjs tells.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { contentHash } from './content-hash.mjs'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const hash = contentHash()

const fault =
  faultOfLoaded() ??
  prebuilds()
    .map(faultOfPrebuild)
    .find((found) => found !== undefined)
if (fault !== undefined) {
  console.error(fault)
  process.exit(1)
}

function faultOfLoaded() {
  const require = createRequire(import.meta.url)
  let file
  try {
    file = require('node-gyp-build').resolve(root)
  } catch {
    return `there is no native binary for ${process.platform}-${process.arch}: run npm run build:native`
  }
  const version = require(file).version()
  return version === hash ? undefined : stale(file, `version ${version}`, 'build:native')
}

function prebuilds() {
  const folder = path.join(root, 'prebuilds')
  if (!existsSync(folder)) return []
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.node'))
  return files.map((file) => path.join(folder, file))
}

/** Binaries for other platforms do not load here, so this reads their bytes: the hash stands in them as text. */
function faultOfPrebuild(file) {
  return readFileSync(file).includes(hash) ? undefined : stale(file, 'another version', 'prebuild:all')
}

function stale(file, version, script) {
  return `${path.relative(root, file)} is ${version}, and the sources are ${hash}: run npm run ${script}`
}
