/**
 * Every error that Hotpress itself raises: its code, the HTTP status it is answered with (none for errors at
 * registration or start) and its message, in which `{name}` stands for a fact given where it is raised.
 */
export const errorTable = {
  ACCESS_LOG_UNAVAILABLE: { message: 'the access log cannot be written to {where}: {reason}' },
  ADAPTER_UNAVAILABLE: { message: 'other processes cannot be asked by Socket.IO at present: {reason}' },
  ADDRESS_FORBIDDEN: { message: 'this is not open to your address', status: 403 },
  ADDRESS_IN_USE: { message: 'cannot listen on {address}: the port is in use by another process' },
  ADDRESS_REFUSED: { message: 'cannot listen on {address}: {reason}' },
  APP_CLOSING: { message: '{call} came while the app was closing: wait for close() first' },
  APP_STARTED: { message: '{call} came after the app had started: register everything before listen() or inject()' },
  AUTHENTICATION_UNAVAILABLE: { message: 'credentials cannot be checked at the moment: {reason}', status: 503 },
  BAD_FRAMING: { message: 'the request was refused: {reason} ({section})', status: 400 },
  BODY_ABORTED: { message: 'the client went away before the body had arrived', status: 400 },
  BODY_CODING_INVALID: { message: 'the body is not valid {coding}: {reason}', status: 400 },
  BODY_CODING_UNSUPPORTED: {
    message: 'the content coding {coding} is not taken here; those that are: {takes}',
    status: 415,
  },
  BODY_NOT_JSON: { message: 'the body is not valid JSON: {reason}', status: 400 },
  BODY_TOO_LARGE: { message: 'the body is larger than the limit of {limit} bytes', status: 413 },
  BODY_UNREAD: { message: 'the request was answered before its body was read', status: 400 },
  BODY_USED: { message: 'the body is being read as a stream already, or is about to be read whole' },
  CERTIFICATE_UNREADABLE: { message: 'TLS: {option} {reason}' },
  CLOSE_INVALID: { message: 'a WebSocket cannot be closed with {got}: it takes {takes}' },
  CODING_REFUSED: {
    message: 'none of the codings that there are ({available}) is accepted, and identity is refused',
    status: 406,
  },
  CODING_UNKNOWN: { message: 'the request was refused: {reason} ({section})', status: 501 },
  COOKIE_INVALID: { message: 'the cookie {cookie} got {got} for {attribute}, and takes {takes}' },
  CREDENTIALS_INVALID: { message: 'the {scheme} credentials are not valid', status: 401 },
  CREDENTIALS_MISSING: { message: 'this takes {scheme} credentials, and there are none', status: 401 },
  CROSS_ORIGIN: { message: 'the request was made by a page of another origin', status: 403 },
  CSRF_TOKEN_INVALID: { message: 'the CSRF token is missing or not valid', status: 403 },
  EVENT_INVALID: { message: 'the {field} of a server-sent event got {got}, and takes {takes}' },
  FILE_NAME_INVALID: { message: 'saveTo() takes a file name without a path, and got {got}' },
  FILE_PASSED: { message: 'the file {name} was read or passed over already: read it before the next part' },
  FORM_INVALID: { message: 'the form is not valid: {reason}', status: 400 },
  FORM_TOO_LARGE: { message: 'the form has more than {limit} fields', status: 413 },
  GROUP_MOUNTED: { message: '{call} came after its group {prefix} was mounted: complete a group, then mount it' },
  HANDLER_INVALID: { message: '{what} takes a function, and got {got}' },
  HEADER_INVALID: { message: 'the response header {name} cannot be set: {reason}' },
  HOST_NOT_REDIRECTED: { message: 'the host {host} is not one that is redirected to HTTPS', status: 400 },
  IDENTITY_MISSING: { message: '{call} was asked about a request that its middleware has not let through' },
  MEDIA_TYPE_UNSUPPORTED: { message: 'the content type {got} is not taken here; what is: {takes}', status: 415 },
  MESSAGE_INVALID: { message: 'a WebSocket cannot send {got}: it takes {takes}' },
  METHOD_INVALID: { message: '{got} is not an HTTP method: a method is a token such as GET (RFC 9110, 5.6.2)' },
  METHOD_NOT_ALLOWED: { message: '{method} is not allowed here; allowed: {allowed}', status: 405 },
  MULTIPART_INVALID: { message: 'the multipart body is not valid: {reason}', status: 400 },
  MULTIPART_TOO_LARGE: { message: 'the multipart body has more than {limit} {what}', status: 413 },
  NATIVE_REQUIRED: { message: 'HOTPRESS_NATIVE={value}: {reason}' },
  NEXT_TWICE: { message: 'the middleware {name} called next() more than once for one request' },
  NOT_CONSTANT: { message: 'constant() takes an HttpResponse, and got {got}' },
  NOT_FOUND: { message: 'nothing is at {path}', status: 404 },
  OPTION_INVALID: { message: 'the option {option} got {got}, and takes {takes}' },
  OPTION_REFUSED: { message: 'the transport {transport} cannot honour {option}: {reason}' },
  OPTION_UNKNOWN: { message: 'there is no option {option}{where}; the options are {known}' },
  ORIGIN_REFUSED: { message: 'pages of the origin {origin} may open no WebSocket here', status: 403 },
  OVERLOADED: { message: 'the request was refused: {reason} ({section})', status: 503 },
  PACKAGE_MISSING: { message: '{what} needs the package {name}, which is not installed: npm install {name}' },
  PATH_MALFORMED: { message: 'the path {path} holds a percent-escape that is malformed or not UTF-8', status: 400 },
  PATTERN_INVALID: { message: 'the route {pattern} is not valid: {reason}' },
  POLLING_REFUSED: {
    message: "polling is not served here: have the client use WebSocket, by its option transports: ['websocket']",
    status: 400,
  },
  PRECONDITION_FAILED: { message: 'the version of {path} is not one that the request allows', status: 412 },
  RANGE_NOT_SATISFIABLE: { message: 'none of the ranges lies within the {size} bytes', status: 416 },
  RATE_LIMITED: { message: 'the limit of {limit} in {window} s is used up', status: 429 },
  RATE_LIMIT_UNAVAILABLE: { message: 'requests cannot be counted at present', status: 503 },
  REQUEST_OVER: { message: 'the request was answered before this part of it was read' },
  REQUEST_TIMEOUT: { message: 'no answer within {timeout} ms', status: 503 },
  RESPONSE_INVALID: { message: 'a handler returned {got}, which is no answer: {takes}' },
  ROUTE_CONFLICT: { message: 'the route {route} conflicts with {other}: both answer {method} {shape}' },
  RUN_BY_COMMAND: {
    message:
      'app.run() was called while the command hotpress loaded the app: export the app and leave run() to the command, or start the program by node',
  },
  SCOPE_INSUFFICIENT: { message: 'the token does not allow this', status: 403 },
  SOCKETIO_CONFLICT: { message: 'there is a server of Socket.IO at {path} already: give the second another path' },
  SOCKETIO_REFUSED: { message: 'the server {origin} did not let the client into the namespace {namespace}: {reason}' },
  SOCKETIO_TIMEOUT: { message: 'no connection to the namespace {namespace} of {origin} within {timeout} ms' },
  SOCKETIO_UNREACHABLE: { message: 'no connection to the namespace {namespace} of {origin}: {reason}' },
  STATUS_INVALID: { message: 'the status {got} is not valid: it takes a whole number from 200 to 599' },
  SUBPROTOCOL_INVALID: { message: 'the choice of a subprotocol gave {got}, which the client has not offered' },
  TLS_MISSING: { message: '{call} was called on the listener {url}, which serves without TLS' },
  TOKEN_INVALID: { message: 'the token is not valid: {reason}', status: 401 },
  TRACER_REGISTERED: {
    message: 'otel() found that the process has a provider of traces or metrics already: it takes one SDK',
  },
  TRANSPORT_UNAVAILABLE: { message: 'the transport {transport} is not available: {reason}' },
  UPGRADE_INVALID: { message: 'the request for a WebSocket is malformed: {reason}', status: 400 },
  UPGRADE_REQUIRED: {
    message: 'this takes WebSockets alone: version 13, by a connection that can become one',
    status: 426,
  },
  WORKERS_SERVE: { message: '{call} was called in the process that watches over the workers: {reason}' },
  WORKER_FAILED: { message: 'worker {worker} did not start: {reason}' },
} as const

/** The code of an error of Hotpress, as in `error.code`. */
export type ErrorCode = keyof typeof errorTable

/** The codes whose errors are answers to a request. */
export type HttpErrorCode = {
  [Code in ErrorCode]: (typeof errorTable)[Code] extends { status: number } ? Code : never
}[ErrorCode]

type Names<Message extends string> = Message extends `${string}{${infer Name}}${infer Rest}`
  ? Trimmed<Name> | Names<Rest>
  : never
// `{ tls }` in a message is prose, not a fact.
type Trimmed<Name extends string> = Name extends ` ${string}` ? never : Name

/** The facts that the message of an error needs. */
export type ErrorFacts<Code extends ErrorCode> = Readonly<
  Record<Names<(typeof errorTable)[Code]['message']>, number | string>
>

function fill(code: ErrorCode, facts: object): string {
  const values = new Map<string, unknown>(Object.entries(facts))
  return errorTable[code].message.replace(/\{(\w+)\}/g, (_, name: string) => String(values.get(name)))
}

/**
 * An error at registration or start: a mistake in how Hotpress is used, or a machine that cannot do what was asked.
 * `code` is stable; the message names the thing, what it got and what it takes.
 */
export class HotpressError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'HotpressError'
  readonly code: Code

  constructor(code: Code, facts: ErrorFacts<Code>, options?: ErrorOptions) {
    super(fill(code, facts), options)
    this.code = code
  }
}

/** What an {@link HttpError} may carry beside its status and detail. */
export interface HttpErrorOptions extends ErrorOptions {
  /** A stable code for programs, answered as the member `code`. */
  readonly code?: string
  /** Further members of the problem document (RFC 9457, 3.2). */
  readonly extensions?: Readonly<Record<string, unknown>>
  /** Response headers, such as `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>
  /** A URI that identifies the kind of problem; `about:blank` when left out. */
  readonly type?: string
}

const brand = Symbol.for('hotpress.HttpError')

/**
 * An error that is an answer: thrown or returned by a handler or middleware, it becomes a response with its status
 * and an `application/problem+json` body (RFC 9457).
 *
 * @throws RangeError when the status is not a whole number from 400 to 599.
 * @example
 * throw new HttpError(404, 'no such user', { code: 'USER_UNKNOWN' })
 */
export class HttpError extends Error {
  override readonly name: string = 'HttpError'
  readonly code: string | undefined
  readonly detail: string | undefined
  readonly extensions: Readonly<Record<string, unknown>> | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly status: number
  readonly type: string | undefined

  constructor(status: number, detail?: string, options: HttpErrorOptions = {}) {
    super(detail, options)
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`HttpError takes a status from 400 to 599, and got ${String(status)}`)
    }
    this.code = options.code
    this.detail = detail
    this.extensions = options.extensions
    this.headers = options.headers
    this.status = status
    this.type = options.type
  }

  /** Whether a value is an HttpError, of this or of another loaded copy of the package (ESM beside CommonJS). */
  static is(value: unknown): value is HttpError {
    return typeof value === 'object' && value !== null && brand in value
  }
}

// On the prototype: every instance has it and none pays for it.
Object.defineProperty(HttpError.prototype, brand, { value: true })

/**
 * Makes the answer that stands under a code in the error table. It carries no stack: the client is at fault, not a
 * line of code, and taking one would make the answer to a flood of bad requests several times as dear.
 */
export function httpError<Code extends HttpErrorCode>(
  code: Code,
  facts: ErrorFacts<Code>,
  options: HttpErrorOptions = {},
): HttpError {
  const depth = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return new HttpError(errorTable[code].status, fill(code, facts), { ...options, code })
  } finally {
    Error.stackTraceLimit = depth
  }
}

/** A value as an error message shows it: its kind, and the value itself where that is short. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return 'an array'
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name
  return typeof name === 'string' && name !== 'Object' ? `an instance of ${name}` : 'an object'
}
