import { Buffer } from 'node:buffer'
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { Limiter } from '../core/limiter.js'
import { checkOptions, invalid } from '../core/options-check.js'
import { peer } from '../core/peer.js'
import { describe, HotpressError, httpError } from '../errors.js'

/** Costs of `hashPassword()` (RFC 7914, 2). */
export interface HashOptions {
  /** `r`: 8 by default. Memory is 128 bytes times this, times two to the power of `cost`: 16 MB by default. */
  readonly blockSize?: number
  /** The logarithm of `N`: 14 by default. */
  readonly cost?: number
  /** `p`, how often all of it is done: 5 by default. */
  readonly parallelization?: number
}

/** A password as it is kept. */
export interface StoredPassword {
  /** Another one that costs as much to compare, and that no password matches. */
  decoy(): StoredPassword
  matches(password: string): Promise<boolean>
}

// Passwords are compared on the thread pool, where reads of files and look-ups of names wait too: two at once leave
// half of its usual threads to them. What waits beyond a few seconds is answered sooner by a 503.
const limiter = new Limiter(2, 64)

// 256 MB: more is a mistake, or somebody else's plan to fill the memory.
const mostMemory = 256 * 1024 ** 2

const loadBcrypt = peer('@node-rs/bcrypt', 'a bcrypt hash of basicAuth()', () => import('@node-rs/bcrypt'))

/**
 * Hashes a password by scrypt, with a salt of its own, for `basicAuth()`: the costs are those that OWASP names.
 *
 * @returns a PHC string, `$scrypt$ln=14,r=8,p=5$salt$hash`.
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`; HttpError 503 `AUTHENTICATION_UNAVAILABLE` when 64 passwords wait.
 * @example
 * console.log(await hashPassword('correct horse battery staple'))
 */
export async function hashPassword(password: string, options: HashOptions = {}): Promise<string> {
  const where = ' of hashPassword()'
  if (typeof password !== 'string' || password === '') {
    throw new HotpressError('OPTION_INVALID', { got: kindOf(password), option: `password${where}`, takes: 'a text' })
  }
  const most = { blockSize: 32, cost: 20, parallelization: 16 }
  const check = (name: keyof HashOptions) => (value: unknown, option: string) => whole(value, option, most[name])
  const known = { blockSize: check('blockSize'), cost: check('cost'), parallelization: check('parallelization') }
  const { blockSize = 8, cost = 14, parallelization = 5 } = checkOptions(options, known, where) as HashOptions
  const salt = randomBytes(16)
  const work = costOf(cost, blockSize, parallelization)
  if (work === undefined) return invalid(`cost${where}`, cost, `with blockSize ${blockSize} no more than 256 MB`)
  const hash = await derive(password, salt, 32, work)
  return `$scrypt$ln=${cost},r=${blockSize},p=${parallelization}$${base64(salt)}$${base64(hash)}`
}

/** Reads a hash: scrypt as a PHC string, or bcrypt (`$2a$`, `$2b$`, `$2y$`); undefined for what is neither. */
export function readHash(text: string): StoredPassword | undefined {
  return readScrypt(text) ?? readBcrypt(text)
}

const scryptHash = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

function readScrypt(text: string): StoredPassword | undefined {
  const [, cost, blockSize, parallelization, salt, hash] = scryptHash.exec(text) ?? []
  if (salt === undefined || hash === undefined) return undefined
  const work = costOf(Number(cost), Number(blockSize), Number(parallelization))
  return work === undefined ? undefined : byScrypt(work, Buffer.from(salt, 'base64'), Buffer.from(hash, 'base64'))
}

function byScrypt(work: ScryptOptions, salt: Buffer, hash: Buffer): StoredPassword {
  return {
    decoy: () => byScrypt(work, randomBytes(salt.length), randomBytes(hash.length)),
    matches: async (password) => timingSafeEqual(await derive(password, salt, hash.length, work), hash),
  }
}

const bcryptHash = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/

function readBcrypt(text: string): StoredPassword | undefined {
  const cost = Number(bcryptHash.exec(text)?.[1])
  if (!(cost >= 4 && cost <= 31)) return undefined
  return {
    decoy: () => readBcrypt(`$2b$${text.slice(4, 6)}$${'.'.repeat(53)}`)!,
    async matches(password) {
      const { verify } = await loadBcrypt()
      return inTurn(() => verify(password, text))
    },
  }
}

function costOf(cost: number, blockSize: number, parallelization: number): ScryptOptions | undefined {
  if (cost < 1 || cost > 20 || blockSize < 1 || parallelization < 1) return undefined
  const memory = 128 * blockSize * 2 ** cost
  if (memory > mostMemory) return undefined
  // OpenSSL asks for a little more than the table itself.
  return {
    maxmem: memory + 2 ** 20 + 256 * blockSize * parallelization,
    N: 2 ** cost,
    p: parallelization,
    r: blockSize,
  }
}

function derive(password: string, salt: Buffer, length: number, work: ScryptOptions): Promise<Buffer> {
  return inTurn(
    () =>
      new Promise((resolve, reject) => {
        // RFC 8265, 4.2.2: what looks the same is the same password.
        scrypt(password.normalize('NFC'), salt, length, work, (error, hash) => {
          if (error === null) resolve(hash)
          else reject(error)
        })
      }),
  )
}

function inTurn<Value>(task: () => Promise<Value>): Promise<Value> {
  if (!limiter.isFull) return limiter.run(task)
  const reason = 'too many passwords are being compared'
  throw httpError('AUTHENTICATION_UNAVAILABLE', { reason }, { headers: { 'Retry-After': '1' } })
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

// A password never stands in a message.
function kindOf(value: unknown): string {
  return value === '' ? 'an empty one' : describe(value)
}

function whole(value: unknown, option: string, most: number): number {
  const isRight = Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most
  return isRight ? (value as number) : invalid(option, value, `a whole number from 1 to ${most}`)
}
