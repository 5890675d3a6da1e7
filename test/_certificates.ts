import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The path of a file in `test/fixtures/tls`; `make.mjs` there says what each is. */
export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../../test/fixtures/tls/${name}`, import.meta.url))
}

/** A file in `test/fixtures/tls` as text. */
export function fixture(name: string): string {
  return readFileSync(fixturePath(name), 'utf8')
}

/** What the encrypted keys there are decrypted with. */
export const passphrase = 'open sesame'

/** A certificate there with its key, by their paths. */
export function pairOf(name: string): { readonly cert: string; readonly key: string } {
  return { cert: fixturePath(`${name}.pem`), key: fixturePath(`${name}-key.pem`) }
}
