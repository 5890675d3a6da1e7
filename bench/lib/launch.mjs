// From the rows of servers.mjs to commands that start them, on this Node or another. A peer that cannot run here is
// left out, and one line says why.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Failure } from './failure.mjs'
import { benchFolder, npm } from './npm.mjs'

/**
 * @typedef {import('../servers.mjs').Peer} Peer
 *
 * @typedef {object} Runnable
 * @property {string} id
 * @property {string} name
 * @property {readonly string[]} command
 * @property {boolean} isNode it has Node's channel to its parent, and says more about itself
 *
 * @typedef {{ program: string, version: string }} Node
 */

/** @type {Node} */
const ownNode = { program: process.execPath, version: process.version }

/**
 * Binaries that not every platform and Node version has, and a module that throws without. The first line of what it
 * throws is the reason given.
 */
const needs = {
  native: `
    const { Hotpress } = await import('../dist/esm/index.js')
    const { kind, reason } = new Hotpress({ logger: false }).capabilities().native
    if (kind !== 'native') throw new Error(reason)`,
  nginx: `
    const { spawnSync } = await import('node:child_process')
    const isHere = process.platform === 'linux' && spawnSync('nginx', ['-v']).error === undefined
    if (!isHere) throw new Error('none on the PATH of a Linux (Debian, Ubuntu: apt-get install nginx)')`,
  uws: "await import('uWebSockets.js')",
}

/** @typedef {keyof typeof needs} Need */

/**
 * @param {readonly Peer[]} peers
 * @param {{ flags?: readonly string[], folder?: string, node?: Node }} [options] flags of Node, before the file; the
 *   folder of the files
 * @returns {Runnable[]}
 */
export function runnable(peers, { flags = [], folder = 'servers', node = ownNode } = {}) {
  const lacks = lacksOf(peers, node)
  const able = peers.flatMap(({ args = [], crate, file, id, name, needs: need }) => {
    const lack = need === undefined ? undefined : lacks.get(need)
    const built = crate === undefined ? { lack } : build(crate)
    if (built.lack !== undefined) {
      console.error(`Without ${name}: ${built.lack}`)
      return []
    }
    if (built.file !== undefined) return { id, name, command: [built.file, ...args], isNode: false }
    const server = path.join(benchFolder, folder, String(file))
    return { id, name, command: [node.program, ...flags, server, ...args], isNode: true }
  })
  if (able.length === 0) throw new Failure('None of these servers runs here')
  return able
}

/**
 * Which needs of the peers are not met, and why.
 *
 * @param {readonly Peer[]} peers
 * @param {Node} node
 */
function lacksOf(peers, node) {
  /** @type {Map<Need, string>} */
  const lacks = new Map()
  for (const need of new Set(peers.flatMap((peer) => peer.needs ?? []))) {
    const code = `try {${needs[need]}} catch (error) { console.error(error.message.split('\\n')[0]); process.exit(1) }`
    const options = ['--input-type=module', '--eval', code]
    const { status, stderr } = spawnSync(node.program, options, { cwd: benchFolder, encoding: 'utf8' })
    if (status !== 0) lacks.set(need, stderr.trim())
  }
  return lacks
}

/**
 * Builds a Cargo project, which costs nothing when it is built.
 *
 * @param {string} crate
 * @returns {{ file?: string, lack?: string }}
 */
export function build(crate) {
  const folder = path.join(benchFolder, crate)
  if (spawnSync('cargo', ['--version']).error !== undefined) return { lack: 'no cargo on the PATH to build it with' }
  if (!existsSync(path.join(folder, 'target'))) console.error(`Building ${crate} in bench/${crate}/target`)
  const options = ['build', '--release', '--locked', '--quiet', '--target-dir', 'target']
  const { status } = spawnSync('cargo', options, { cwd: folder, stdio: ['ignore', 2, 2] })
  if (status !== 0) return { lack: `cargo could not build bench/${crate}, see above` }
  const name = /^name = "(.+)"/m.exec(readFileSync(path.join(folder, 'Cargo.toml'), 'utf8'))?.[1]
  return { file: path.join(folder, 'target/release', `${name}${process.platform === 'win32' ? '.exe' : ''}`) }
}

/**
 * The newest Node of a major version as npm has it, a package for each platform, kept in bench/.node.
 *
 * @param {string | undefined} major
 * @returns {Node}
 */
export function nodeOf(major) {
  if (major === undefined) return ownNode
  if (!/^\d+$/.test(major)) throw new Failure(`--node takes a major version such as 24, not "${major}"`)
  const name = nodePackage()
  const folder = path.join(benchFolder, '.node', major)
  const inside = process.platform === 'win32' ? 'bin/node.exe' : 'bin/node'
  const program = path.join(folder, 'node_modules', name, inside)
  if (!existsSync(program)) {
    console.error(`Installing Node ${major} in bench/.node/${major}`)
    npm(['install', '--no-save', '--no-package-lock', '--ignore-scripts', '--prefix', folder, `${name}@${major}`])
  }
  const { error, status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  if (status !== 0) throw new Failure(`Node ${major} does not run here: ${error?.message ?? `exit code ${status}`}`)
  return { program, version: stdout.trim() }
}

function nodePackage() {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const prefix = platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node'
  return `${prefix}-${platform}-${process.arch}`
}
