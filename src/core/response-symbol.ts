/**
 * The name of the method by which a user's own type says what its answer is; shared by every loaded copy of the
 * package.
 *
 * @example
 * class Invoice { [toResponse]() { return bytes(this.pdf).type(ContentType.Pdf) } }
 */
export const toResponse: unique symbol = Symbol.for('hotpress.toResponse') as never
