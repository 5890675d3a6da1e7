import type { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { type ContentCoding, contentCodings, negotiateCoding } from '../core/accept-encoding.js'
import { isCompressible } from '../core/compressible.js'
import type { Encoder } from '../core/encoder.js'
import type { HttpResponse } from '../core/response.js'
import type { Validators } from './conditional.js'
import type { Located } from './locate.js'
import { isSameVersion, modifiedSeconds, statTag } from './validators.js'

/** A form's headers, settled once. */
export interface Presented extends Validators {
  readonly notModified: HttpResponse
  /** Without a body where the form is streamed. */
  readonly ok: HttpResponse
}

/** One representation of a file: as it is, or in a content coding. */
export interface Form {
  /** Undefined where it is streamed from `file`. */
  readonly body: Uint8Array | undefined
  readonly coding: ContentCoding | undefined
  /** What it is read from, or was made of. */
  readonly file: Located
  /** Kept by who serves the form, for as long as it is served with the same headers. */
  presented: Presented | undefined
  /** What `presented` was made for, where there may be more than one. */
  presentedFor: unknown
  readonly size: number
  /** What is in the entity tag. */
  readonly tag: string
}

/** What a form is that was read; the tag is of the content, so that it is the same on every machine that has it. */
export function makeForm(file: Located, coding: ContentCoding | undefined, body: Buffer | undefined): Form {
  const tag =
    body === undefined ? statTag(file.stats) : createHash('sha256').update(body).digest('base64url').slice(0, 22)
  return { body, coding, file, presented: undefined, presentedFor: undefined, size: Number(file.stats.size), tag }
}

// Below this a compressed form saves no packet.
const leastCompressed = 256
// A form that is hardly smaller is not worth the client's work.
const worthwhile = 0.95

/** What is noted of files that are kept, beside their bytes. */
const overhead = 1024

/** A file with its representations, as it was when it was last looked at. */
export class StoredFile {
  /** When it was last found unchanged, by `performance.now()`. */
  checked = 0
  readonly #codings: ContentCoding[]
  readonly #encoder: Encoder | undefined
  /** Codings that are being made, or could not be. */
  readonly #excluded = new Set<ContentCoding>()
  readonly #failed = new Set<ContentCoding>()
  readonly #forms: Form[]
  /** Whether it depends on `Accept-Encoding` what is sent. */
  readonly isVaried: boolean
  /** Whether it was asked for since the store last looked for room. */
  isUsed = true
  #lastAccepted: string | undefined
  #lastChosen: Form
  /** By which it was found. */
  readonly name: string
  /** Told of a form that was made. */
  onGrown: (() => void) | undefined = undefined
  /** Its media type. */
  readonly type: string

  /**
   * @param forms as it is on disk, and then those that lie beside it.
   * @param encoder makes further forms, where the type of the file is worth it.
   */
  constructor(name: string, forms: readonly [Form, ...Form[]], type: string, encoder: Encoder | undefined) {
    const [identity] = forms
    const { body } = identity
    const canEncode = encoder !== undefined && body !== undefined && body.byteLength >= leastCompressed
    this.#encoder = canEncode && isCompressible(type) ? encoder : undefined
    this.#codings = contentCodings.filter(
      (coding) => forms.some((form) => form.coding === coding) || this.#encoder?.codings.includes(coding),
    )
    this.#forms = [...forms]
    this.#lastAccepted = undefined
    this.#lastChosen = identity
    this.isVaried = this.#codings.length > 0
    this.name = name
    this.type = type
  }

  /** The file as it is on disk. */
  get identity(): Form {
    return this.#forms[0]!
  }

  /** Seconds. */
  get modified(): number {
    return modifiedSeconds(this.identity.file.stats)
  }

  /** Bytes in memory. */
  get weight(): number {
    return this.#forms.reduce((sum, { body }) => sum + (body?.byteLength ?? 0), overhead)
  }

  /** The form to send. One that is not there yet is begun, and the best of those that are goes out meanwhile. */
  choose(acceptEncoding: string | undefined): Form {
    if (!this.isVaried || acceptEncoding === undefined) return this.identity
    if (acceptEncoding === this.#lastAccepted) return this.#lastChosen
    const wanted = negotiateCoding(acceptEncoding, this.#codings)
    if (wanted !== undefined && wanted !== 'identity' && this.#find(wanted) === undefined) this.#make(wanted)
    const ready = this.#codings.filter((coding) => this.#find(coding) !== undefined)
    const chosen = negotiateCoding(acceptEncoding, ready)
    // Who refuses the only form that there is gets it all the same (RFC 9110, 12.5.3 leaves that to the server).
    this.#lastChosen = (chosen === undefined || chosen === 'identity' ? undefined : this.#find(chosen)) ?? this.identity
    this.#lastAccepted = acceptEncoding
    return this.#lastChosen
  }

  /** Whether files that were just looked at are the ones that this was made of. */
  isOf(files: readonly Located[]): boolean {
    const own = this.#forms.filter((form) => form.coding === undefined || form.file !== this.identity.file)
    return own.length === files.length && own.every(({ file }, index) => isSame(file, files[index]!))
  }

  /** It was found unchanged: what could not be compressed may be tried again. */
  touch(now: number): void {
    this.checked = now
    if (this.#failed.size === 0) return
    for (const coding of this.#failed) this.#excluded.delete(coding)
    this.#failed.clear()
    this.#lastAccepted = undefined
  }

  #find(coding: ContentCoding): Form | undefined {
    return this.#forms.find((form) => form.coding === coding)
  }

  #make(coding: ContentCoding): void {
    const { body } = this.identity
    if (this.#encoder === undefined || body === undefined || this.#excluded.has(coding)) return
    this.#excluded.add(coding)
    this.#encoder.encode(body, coding).then(
      (encoded) => this.#take(coding, encoded, body.byteLength),
      // Too much to do just now, most likely.
      () => this.#failed.add(coding),
    )
  }

  #take(coding: ContentCoding, body: Uint8Array | undefined, before: number): void {
    this.#lastAccepted = undefined
    if (body === undefined) {
      this.#failed.add(coding)
      return
    }
    const size = body.byteLength
    if (size > before * worthwhile) {
      this.#codings.splice(this.#codings.indexOf(coding), 1)
      return
    }
    const { file, tag } = this.identity
    this.#forms.push({
      body,
      coding,
      file,
      presented: undefined,
      presentedFor: undefined,
      size,
      tag: `${tag}-${coding}`,
    })
    this.onGrown?.()
  }
}

function isSame(one: Located, other: Located): boolean {
  return one.path === other.path && isSameVersion(one.stats, other.stats)
}
