// What every build of the native core has in common.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, renameSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { contentHash } from './content-hash.mjs'

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
export const native = path.join(root, 'native')

/**
 * Runs a program in native/, with what cargo is to know in its environment; ends the process when the program fails.
 *
 * @param {string} command
 * @param {string[]} words
 * @param {{ env?: Record<string, string>, flags?: string[], shell?: boolean }} [options] - `flags` are rustc's.
 */
export function run(command, words, { env = {}, flags = [], shell = false } = {}) {
  const cargoHome = process.env.CARGO_HOME ?? path.join(os.homedir(), '.cargo')
  // Without these, paths of this machine stand in panic messages. The encoded form may hold spaces.
  const remapped = [`--remap-path-prefix=${root}=hotpress`, `--remap-path-prefix=${cargoHome}=cargo`]
  const settings = {
    CARGO_ENCODED_RUSTFLAGS: [...remapped, ...flags].join('\x1f'),
    HOTPRESS_CONTENT_HASH: contentHash(),
  }
  const options = { cwd: native, env: { ...process.env, ...settings, ...env }, shell, stdio: 'inherit' }
  const { error, status } = spawnSync(command, words, options)
  if (error !== undefined) console.error(`${command} could not be run: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}

/** Copies and renames: a process that has the old file mapped would crash if its bytes changed. */
export function place(file, target) {
  mkdirSync(path.dirname(target), { recursive: true })
  copyFileSync(file, `${target}.new`)
  renameSync(`${target}.new`, target)
  return target
}
