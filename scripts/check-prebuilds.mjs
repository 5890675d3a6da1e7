// Fails, with a sentence for each fault, when prebuilds/ lacks a platform, has a file that none of them would load, or
// has one that would not load where it is meant to. Reads the files itself, so that it runs on any system. An argument
// names another folder than prebuilds/. `npm run check:native` tells whether they were built from these sources.
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { root } from './cargo.mjs'
import { platforms } from './platforms.mjs'
import { faultsOfPrebuild } from './prebuild-faults.mjs'

/** Bytes of all of them together, at most: they are committed, and in the package. */
const greatestTotal = 40e6

const folder = path.resolve(process.argv[2] ?? path.join(root, 'prebuilds'))
const files = existsSync(folder) ? filesIn(folder) : []
const total = files.reduce((sum, file) => sum + statSync(path.join(folder, file)).size, 0)
const faults = [
  ...platforms.flatMap(faultsOf),
  ...files
    .filter((file) => !platforms.some((platform) => platform.file === file))
    .map((file) => `prebuilds/${file} is for no platform of scripts/platforms.mjs`),
]
if (total > greatestTotal) faults.push(`prebuilds/ has ${total} bytes, and ${greatestTotal} is the most`)
if (faults.length > 0) {
  console.error(faults.join('\n'))
  process.exit(1)
}
console.log(`${files.length} prebuilds of ${(total / 1e6).toFixed(1)} MB together load where they are meant to`)

function filesIn(parent) {
  return readdirSync(parent, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(parent, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort()
}

function faultsOf(platform) {
  const { file, name } = platform
  if (!files.includes(file)) return [`prebuilds/${file} is missing: run npm run prebuild:all -- --only ${name}`]
  return faultsOfPrebuild(path.join(folder, file), platform).map((fault) => `prebuilds/${file} ${fault}`)
}
