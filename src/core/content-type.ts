/**
 * Media types that responses often carry, complete with the charset where the type is text.
 *
 * @example
 * bytes(report).type(ContentType.Pdf)
 */
export const ContentType = {
  Css: 'text/css; charset=utf-8',
  Csv: 'text/csv; charset=utf-8',
  EventStream: 'text/event-stream; charset=utf-8',
  Form: 'application/x-www-form-urlencoded',
  FormData: 'multipart/form-data',
  Html: 'text/html; charset=utf-8',
  JavaScript: 'text/javascript; charset=utf-8',
  Json: 'application/json; charset=utf-8',
  MsgPack: 'application/vnd.msgpack',
  NdJson: 'application/x-ndjson; charset=utf-8',
  OctetStream: 'application/octet-stream',
  Pdf: 'application/pdf',
  Problem: 'application/problem+json',
  Svg: 'image/svg+xml',
  Text: 'text/plain; charset=utf-8',
  Wasm: 'application/wasm',
  Xml: 'application/xml; charset=utf-8',
} as const

/** The number of each media type of {@link ContentType}, from 1: how the native core is told of them. */
export const contentTypeIndex: ReadonlyMap<string, number> = new Map(
  Object.values(ContentType).map((type, index) => [type, index + 1]),
)

/** A media type that has a name in {@link ContentType}. */
export type ContentTypeValue = (typeof ContentType)[keyof typeof ContentType]
