import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const native = path.join(path.dirname(fileURLToPath(import.meta.url)), '../native')

/**
 * The SHA-256 of all sources of the native core, in hex. A binary carries the hash of what it was built from, so that
 * a stale one is told from a current one by its content and not by its date.
 *
 * @param {string} [folder] - The folder of the crate.
 * @returns {string}
 */
export function contentHash(folder = native) {
  const sources = readdirSync(path.join(folder, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
  const files = ['Cargo.lock', 'Cargo.toml', 'build.rs', ...sources]
    .map((file) => file.split(path.sep).join('/'))
    .sort()
  const hash = createHash('sha256')
  for (const file of files) {
    const content = readFileSync(path.join(folder, file))
    // The length keeps the end of one file apart from the beginning of the next.
    hash.update(`${file}\n${content.length}\n`).update(content)
  }
  return hash.digest('hex')
}
