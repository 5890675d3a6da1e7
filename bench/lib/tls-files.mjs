// What the TLS benchmark needs on disk: certificates, the bodies that are files to somebody, and what the load
// generators are allowed to negotiate.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Failure } from './failure.mjs'
import { benchFolder } from './npm.mjs'

const folder = path.join(benchFolder, 'node_modules/.tls')

/** The names of the one suite and the one group, as OpenSSL and the registry of TLS have them. */
export const suite = 'TLS_AES_128_GCM_SHA256'
export const group = 'X25519'

/** 102,400 characters of text: lines that differ. */
export const text = Array.from({ length: 1600 }, (_, line) =>
  `line ${line} of a text `.padEnd(63, '.').concat('\n'),
).join('')

export const textFile = path.join(folder, 'text')
export const uploadFile = path.join(folder, 'upload')

/** 1 MB. */
export const uploadSize = 1024 ** 2

/** @typedef {'ecdsa' | 'rsa'} KeyType */

const keyOptions = {
  ecdsa: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  rsa: ['-newkey', 'rsa:2048'],
}

/**
 * A certificate for localhost that signed itself, and its key, as PEM files. Made by `openssl` on first use, and valid
 * for ten years.
 *
 * @param {KeyType} type
 * @returns {readonly [certificate: string, key: string]}
 */
export function certificateOf(type) {
  mkdirSync(folder, { recursive: true })
  const [cert, key] = ['cert', 'key'].map((part) => path.join(folder, `${type}-${part}.pem`))
  if (existsSync(cert) && existsSync(key)) return [cert, key]
  const options = ['-x509', ...keyOptions[type], '-nodes', '-days', '3650', '-sha256', '-subj', '/CN=localhost']
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const made = spawnSync('openssl', ['req', ...options, ...names, '-keyout', key, '-out', cert], { encoding: 'utf8' })
  if (made.error !== undefined) throw new Failure('No openssl on the PATH to make a certificate with')
  if (made.status !== 0) throw new Failure(`openssl could not make a certificate:\n${made.stderr}`)
  return [cert, key]
}

/** Writes the bodies. */
export function writeBodies() {
  mkdirSync(folder, { recursive: true })
  writeFileSync(textFile, text)
  writeFileSync(uploadFile, 'x'.repeat(uploadSize))
}

/**
 * A configuration of OpenSSL in which TLS 1.3, one suite and one group are all there is. wrk has no option for any of
 * them; it reads this, as h2load does, by the variable OPENSSL_CONF. Servers never see it.
 */
export function clientEnvironment() {
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, 'client.cnf')
  writeFileSync(
    file,
    `openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
MinProtocol = TLSv1.3
MaxProtocol = TLSv1.3
Ciphersuites = ${suite}
Groups = ${group}
`,
  )
  return { OPENSSL_CONF: file }
}
