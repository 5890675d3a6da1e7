import { HttpError, Status } from 'hotpress'

/**
 * The text fields of a JSON body: those that are wanted, each a text that is not empty.
 *
 * @param isPartial whether fields may be left out, as in PATCH.
 * @throws HttpError 422 naming every field that is wrong.
 */
export function textFields<Name extends string>(
  body: unknown,
  names: readonly Name[],
  isPartial = false,
): Record<Name, string> {
  if (typeof body !== 'object' || body === null) {
    throw new HttpError(Status.UnprocessableContent, 'the body is a JSON object', { code: 'NOT_AN_OBJECT' })
  }
  const given = body as Record<string, unknown>
  const wanted = isPartial ? names.filter((name) => name in given) : names
  const wrong = wanted.filter((name) => typeof given[name] !== 'string' || given[name] === '')
  if (wrong.length > 0) {
    const detail = `${wrong.join(' and ')} must be a text that is not empty`
    throw new HttpError(Status.UnprocessableContent, detail, { code: 'FIELDS_INVALID', extensions: { fields: wrong } })
  }
  return Object.fromEntries(wanted.map((name) => [name, given[name]])) as Record<Name, string>
}

/**
 * A path parameter as an id.
 *
 * @throws HttpError 404, since a path whose id is no number names nothing.
 */
export function idOf(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new HttpError(Status.NotFound, `there is nothing with the id ${text}`)
  return Number(text)
}
