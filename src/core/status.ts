/**
 * Every status code of the IANA HTTP Status Code Registry by name. 306 and 418 are registered as "(Unused)" and
 * have no name; `response.status(418)` still works.
 *
 * @see https://www.iana.org/assignments/http-status-codes
 * @example
 * text('made').status(Status.Created)
 */
export const Status = {
  Continue: 100,
  SwitchingProtocols: 101,
  Processing: 102,
  EarlyHints: 103,
  UploadResumptionSupported: 104,
  Ok: 200,
  Created: 201,
  Accepted: 202,
  NonAuthoritativeInformation: 203,
  NoContent: 204,
  ResetContent: 205,
  PartialContent: 206,
  MultiStatus: 207,
  AlreadyReported: 208,
  ImUsed: 226,
  MultipleChoices: 300,
  MovedPermanently: 301,
  Found: 302,
  SeeOther: 303,
  NotModified: 304,
  UseProxy: 305,
  TemporaryRedirect: 307,
  PermanentRedirect: 308,
  BadRequest: 400,
  Unauthorized: 401,
  PaymentRequired: 402,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  ProxyAuthenticationRequired: 407,
  RequestTimeout: 408,
  Conflict: 409,
  Gone: 410,
  LengthRequired: 411,
  PreconditionFailed: 412,
  ContentTooLarge: 413,
  UriTooLong: 414,
  UnsupportedMediaType: 415,
  RangeNotSatisfiable: 416,
  ExpectationFailed: 417,
  MisdirectedRequest: 421,
  UnprocessableContent: 422,
  Locked: 423,
  FailedDependency: 424,
  TooEarly: 425,
  UpgradeRequired: 426,
  PreconditionRequired: 428,
  TooManyRequests: 429,
  RequestHeaderFieldsTooLarge: 431,
  UnavailableForLegalReasons: 451,
  InternalServerError: 500,
  NotImplemented: 501,
  BadGateway: 502,
  ServiceUnavailable: 503,
  GatewayTimeout: 504,
  HttpVersionNotSupported: 505,
  VariantAlsoNegotiates: 506,
  InsufficientStorage: 507,
  LoopDetected: 508,
  NotExtended: 510,
  NetworkAuthenticationRequired: 511,
} as const

/** A status code that has a name in {@link Status}. */
export type StatusCode = (typeof Status)[keyof typeof Status]

// The registry's phrases differ from the spaced names only here.
const phrases: Record<string, string> = {
  HttpVersionNotSupported: 'HTTP Version Not Supported',
  ImUsed: 'IM Used',
  MultiStatus: 'Multi-Status',
  NonAuthoritativeInformation: 'Non-Authoritative Information',
  Ok: 'OK',
  UnavailableForLegalReasons: 'Unavailable For Legal Reasons',
  UriTooLong: 'URI Too Long',
}

const reasons = new Map<number, string>(
  Object.entries(Status).map(([name, code]) => [code, phrases[name] ?? name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ')]),
)
reasons.set(418, "I'm a Teapot")

const lines = new Map<number, string>()

/** The registered reason phrase of a status code, or the empty string for a code without one. */
export function reasonPhrase(status: number): string {
  return reasons.get(status) ?? ''
}

/** A status code with its reason phrase, as a status line carries it: `404 Not Found`. */
export function statusLine(status: number): string {
  let line = lines.get(status)
  if (line === undefined) {
    line = `${status} ${reasonPhrase(status)}`
    lines.set(status, line)
  }
  return line
}

/** Whether a response with this status has no content by definition (RFC 9110, 6.4.1). */
export function isBodiless(status: number): boolean {
  return status < 200 || status === 204 || status === 205 || status === 304
}
