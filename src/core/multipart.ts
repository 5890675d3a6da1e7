/** Options of `req.multipart()`. Sizes are bytes or texts such as `'10mb'`; what is beyond a limit is a 413, and nothing is ever cut short. */
export interface MultipartOptions {
  /** The most fields: 1,000 by default. */
  readonly fields?: number
  /** The most that one field may have: 1 MB by default. */
  readonly fieldSize?: number | string
  /** The most files: 100 by default. */
  readonly files?: number
  /** The most that one file may have: as much as the `bodyLimit` by default. */
  readonly fileSize?: number | string
  /** The most that the headers of one part may have: 8 KB by default. */
  readonly headerSize?: number | string
  /** The most parts, fields and files together: 1,000 by default. */
  readonly parts?: number
}

/** The same, complete and in bytes. */
export type MultipartLimits = { readonly [Name in keyof MultipartOptions]-?: number }

/** A field of a multipart form. */
export interface MultipartField {
  readonly kind: 'field'
  readonly name: string
  /** Its `Content-Type`, where it says one. */
  readonly type: string | undefined
  readonly value: string
}

/** How {@link MultipartFile.saveTo} names a file. */
export interface SaveOptions {
  /**
   * `'random'` (the default) for a UUID; `'original'` for the client's name, made safe; or a name of your own, which
   * must be safe already.
   */
  readonly name?: 'original' | 'random' | (string & {})
}

/** A file that was saved. */
export interface SavedFile {
  /** The name that the client gave, as it gave it. */
  readonly filename: string
  /** Where it is. */
  readonly path: string
  /** In bytes. */
  readonly size: number
}

/**
 * A file of a multipart form, as it arrives: it is read before the next part is asked for, or not at all.
 */
export interface MultipartFile extends AsyncIterable<Uint8Array> {
  /** The name that the client gave: a claim, and no path. */
  readonly filename: string
  readonly kind: 'file'
  readonly name: string
  /** The `Content-Type` that the client claims; `application/octet-stream` where it does not. */
  readonly type: string
  /** The whole file in memory. */
  bytes(): Promise<Uint8Array>
  /**
   * Writes the file into a directory that exists, under a name that can lead nowhere else, readable by its owner only.
   * A file that is there is never written over; what was written is removed where the rest does not arrive.
   *
   * @throws HttpError 413 `MULTIPART_TOO_LARGE` and whatever ends the body; the system's error (`EEXIST`, `ENOSPC`).
   */
  saveTo(directory: string, options?: SaveOptions): Promise<SavedFile>
}

/** A part of a multipart form. */
export type MultipartPart = MultipartField | MultipartFile

/** What a request needs of modules beside the core; each is loaded when it is first used. */
export interface BodyTools {
  /**
   * Undoes content codings as the parts come.
   *
   * @param codings in the order in which they were applied.
   * @param limit bytes of what comes out; 413 beyond.
   */
  decode(
    source: AsyncIterable<Uint8Array>,
    codings: readonly string[],
    limit: number,
  ): AsyncGenerator<Uint8Array, void, undefined>
  /** The codings that {@link decode} knows here. */
  readonly codings: readonly string[]
  multipart(
    source: AsyncIterable<Uint8Array>,
    boundary: string,
    limits: MultipartLimits,
  ): AsyncGenerator<MultipartPart, void, undefined>
}
