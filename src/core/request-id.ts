import { randomFillSync } from 'node:crypto'

// Identifiers are written out a batch at a time into one text and cut from it: half the cost of
// crypto.randomUUID(). Not more than 64, because a cut keeps the whole text alive for as long as it is kept itself.
const perBatch = 64
const idLength = 36

const digits = Buffer.from('0123456789abcdef', 'latin1')
// One call of the generator serves several batches: the call costs more than the bytes.
const random = new Uint8Array(16 * perBatch * 8)
const written = Buffer.alloc(idLength * perBatch)
let batch = ''
let next = written.length
let used = random.length

/** A random UUID (version 4, RFC 9562, 5.4), from the operating system's generator. */
export function requestId(): string {
  if (next === written.length) writeBatch()
  const start = next
  next += idLength
  return batch.slice(start, next)
}

function writeBatch(): void {
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  let at = 0
  for (let index = 0; index < 16 * perBatch; index++) {
    const position = index & 15
    let byte = random[used++]!
    if (position === 6) byte = (byte & 0x0f) | 0x40
    else if (position === 8) byte = (byte & 0x3f) | 0x80
    if (position === 4 || position === 6 || position === 8 || position === 10) written[at++] = 0x2d
    written[at++] = digits[byte >> 4]!
    written[at++] = digits[byte & 15]!
  }
  batch = written.toString('latin1')
  next = 0
}
