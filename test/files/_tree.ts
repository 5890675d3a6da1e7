import { mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after } from 'node:test'

/** A new folder for the tests of a file, removed after them. */
export function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'hotpress-files-')))
  after(() => rmSync(folder, { force: true, recursive: true }))
  return folder
}

/** When the files of {@link plant} were changed last: a whole second that is long ago. */
export const plantedAt = 1_700_000_000

/** Writes files, with the folders that they need, and gives each the same old date. */
export function plant(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, content)
    utimesSync(file, plantedAt, plantedAt)
  }
}

/** Bytes that differ from their neighbours, so that a wrong offset shows. */
export function pattern(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 7) & 0xff))
}
