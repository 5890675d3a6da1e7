import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The settings of a unit, by section and name; some are there more than once. */
export type Unit = ReadonlyMap<string, readonly string[]>

/** Where a file of deploy/ is. */
export function deployed(name: string): string {
  return fileURLToPath(new URL(`../../../deploy/${name}`, import.meta.url))
}

/** The program of the example. */
export const example: string = fileURLToPath(new URL('../../deploy/example/src/main.js', import.meta.url))

/** Reads a unit of systemd as far as ours go: `Service.Type` and the like. */
export function readUnit(name: string): Unit {
  const unit = new Map<string, string[]>()
  let section = ''
  for (const line of readFileSync(deployed(name), 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('[')) section = line.slice(1, -1)
    else {
      const [setting, value] = [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]
      const values = unit.get(`${section}.${setting}`)
      if (values === undefined) unit.set(`${section}.${setting}`, [value])
      else values.push(value)
    }
  }
  return unit
}

/** What the unit sets for its program. */
export function environmentOf(unit: Unit): Record<string, string> {
  const words = (unit.get('Service.Environment') ?? []).flatMap((line) => line.split(' '))
  return Object.fromEntries(words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]))
}
