// The file that the static benchmark serves: made anew for each run, the same each time.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { benchFolder } from './npm.mjs'

export const folder = path.join(benchFolder, 'node_modules/.static')
export const name = 'app.css'

const size = 32 * 1024

/** Style rules, 32 KB of them: it compresses as a style sheet does. */
export function makeCss() {
  let css = ''
  for (let rule = 0; css.length < size; rule++) {
    const color = ((rule * 2654435761) % 0xffffff).toString(16).padStart(6, '0')
    css += `.block-${rule} > .item:nth-child(${rule % 7}) { color: #${color}; margin: ${rule % 13}px ${rule % 5}rem; }\n`
  }
  return css.slice(0, size)
}

export function writeFiles() {
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, name), makeCss())
}
