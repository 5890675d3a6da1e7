// Fails, with one sentence, when a native binary was built from other sources than the tree has, or when a prebuild
// for glibc would not run on the oldest that Node 20 runs on.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { contentHash } from './content-hash.mjs'

const greatestGlibcMinor = 28
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
  return version === hash ? undefined : stale(file, `version ${version}`)
}

function prebuilds() {
  const folder = path.join(root, 'prebuilds')
  if (!existsSync(folder)) return []
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.node'))
  return files.map((file) => path.join(folder, file))
}

/** Binaries for other platforms do not load here, so this reads their bytes: the hash stands in them as text. */
function faultOfPrebuild(file) {
  const bytes = readFileSync(file, 'latin1')
  if (!bytes.includes(hash)) return stale(file, 'another version')
  const minors = [...bytes.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor))
  const minor = Math.max(0, ...minors)
  if (minor <= greatestGlibcMinor) return undefined
  return `${path.relative(root, file)} needs glibc 2.${minor}, and 2.${greatestGlibcMinor} must do: build it with cargo-zigbuild`
}

function stale(file, version) {
  return `${path.relative(root, file)} is ${version}, and the sources are ${hash}: run npm run build:native`
}
