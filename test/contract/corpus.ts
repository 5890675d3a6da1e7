/** What a transport must make of a case. */
export type Expectation =
  /** The request is answered, with a status below 400. */
  | 'answered'
  /** The request is well-formed and has a 4xx: its connection may go on. */
  | 'declined'
  /** Versions of the parser differ: it is answered, or refused. */
  | 'either'
  /** It is not answered but by one 4xx or 5xx, and the connection is closed. */
  | 'refused'
  /** The rest of it is waited for: no answer, and the connection stays open until the idle time is over. */
  | 'waits'

/** One request that is malformed, ambiguous or borderline. */
export interface HostileCase {
  /** The reason for which a transport differs from the other, or from the RFC. */
  readonly because: string | undefined
  readonly name: string
  readonly native: Outcome
  readonly node: Outcome
  /** The bytes, as Latin-1. */
  readonly request: string
  /** Where the grammar or the rule stands: RFC 9110 (semantics), RFC 9112 (HTTP/1.1), RFC 3986 (URI). */
  readonly section: string
  readonly uws: Outcome
}

/** The cases of one part of the message. */
export interface HostileGroup {
  readonly cases: readonly HostileCase[]
  readonly name: string
}

/** What one transport makes of a case. */
export interface Outcome {
  /** How many answers a request that is answered gets: more than one where the bytes hold several requests. */
  readonly answers: number
  readonly expect: Expectation
}

/** The path that no request of the corpus asks for: whoever runs its handler took a body, or garbage, for a request. */
export const smuggledPath = '/smuggled'

const since24 = Number(process.versions.node.split('.')[0]) >= 24
const smuggled = `GET ${smuggledPath} HTTP/1.1\r\nHost: h\r\n\r\n`
const host = 'Host: h'

interface Differing {
  /** By default 1; for native as for node. */
  readonly answers?: { readonly native?: number; readonly node: number; readonly uws: number }
  readonly because: string
  /** By default as node. */
  readonly native?: Expectation
  readonly node: Expectation
  readonly uws: Expectation
}

// The last column is the number of answers where it is not 1.
type Row = readonly [name: string, request: string, expect: Expectation | Differing, answers?: number]

function group(name: string, section: string, rows: readonly Row[]): HostileGroup {
  return {
    cases: rows.map(([name, request, given, count = 1]) => {
      const { because, native, node, uws } =
        typeof given === 'string' ? { because: undefined, native: given, node: given, uws: given } : given
      const answers: Differing['answers'] & object = (typeof given === 'string' ? undefined : given.answers) ?? {
        node: count,
        uws: count,
      }
      return {
        because,
        name,
        native: { answers: answers.native ?? answers.node, expect: native ?? node },
        node: { answers: answers.node, expect: node },
        request,
        section,
        uws: { answers: answers.uws, expect: uws },
      }
    }),
    name,
  }
}

const emptyLines: Differing = {
  because: 'uWebSockets.js does not skip an empty line before a request, which RFC 9112, 2.2 asks of a server (SHOULD)',
  node: 'answered',
  uws: 'waits',
}
const emptyName: Differing = {
  because: 'uWebSockets.js takes an empty name for the end of the fields, and shows none of those after it',
  node: 'refused',
  uws: 'answered',
}
const highBytes: Differing = {
  because: 'uWebSockets.js trims bytes beyond ASCII off both ends of a value, before anybody sees them',
  node: 'refused',
  uws: 'answered',
}
const largeChunk: Differing = {
  because: 'native has a limit for one chunk, and answers 413',
  native: 'refused',
  node: 'waits',
  uws: 'waits',
}
const looseChunk: Differing = {
  because:
    'uWebSockets.js reads chunks loosely; the connection is closed after the answer, so that no byte is a request',
  node: 'refused',
  uws: 'answered',
}
const looseChunkWaits: Differing = {
  because: 'uWebSockets.js reads chunks loosely, and here waits for more of them',
  node: 'refused',
  uws: 'waits',
}
const noExtensions: Differing = {
  because: 'uWebSockets.js does not know chunk extensions: it waits, or answers 400',
  node: 'answered',
  uws: 'waits',
}
const noTrailers: Differing = {
  because: 'uWebSockets.js takes trailers for a next request: 505 and a close',
  node: 'answered',
  uws: 'refused',
}
const olderVersion: Differing = {
  because: 'uWebSockets.js answers 505 to HTTP/1.0',
  node: 'answered',
  uws: 'refused',
}
const otherForm: Differing = {
  because: 'uWebSockets.js answers 505 to a target that does not begin with a slash',
  node: 'answered',
  uws: 'refused',
}
const ownMethod: Differing = {
  because: 'llhttp refuses a method that it does not know; a method is any token, and has a 405 here (RFC 9110, 9.1)',
  native: 'declined',
  node: 'refused',
  uws: 'declined',
}
const spaces: Differing = {
  because: 'llhttp takes several spaces for one, as RFC 9112, 3 allows',
  native: 'refused',
  node: 'answered',
  uws: 'refused',
}
const tabs: Differing = {
  because: 'llhttp takes a tab around the value of a framing header since 9.4 only',
  native: 'answered',
  node: 'either',
  uws: 'answered',
}
const unseen: Differing = {
  because: 'uWebSockets.js takes a head that it cannot parse for one that is not complete: silence until the idle time',
  node: 'refused',
  uws: 'waits',
}
const unsent: Differing = {
  because:
    'uWebSockets.js cuts a connection on which a request comes while an answer is outstanding, as the last one is',
  node: 'answered',
  uws: 'refused',
}

/** A request without a body; the header section ends here. */
function head(line: string, ...fields: readonly string[]): string {
  return `${[line, ...fields].join('\r\n')}\r\n\r\n`
}

/** A GET of `/` with these fields beside Host. */
function get(...fields: readonly string[]): string {
  return head('GET / HTTP/1.1', host, ...fields)
}

/** A POST of `/echo` with these fields beside Host. */
function post(fields: readonly string[], body: string): string {
  return head('POST /echo HTTP/1.1', host, ...fields) + body
}

/** A POST of `/echo` with a chunked body. */
function chunked(body: string): string {
  return post(['Transfer-Encoding: chunked'], body)
}

/** A body that is a request: it must stay a body, or be refused. */
function hiding(fields: readonly string[], before = ''): string {
  return post(fields, before + smuggled)
}

const fits = `Content-Length: ${smuggled.length}`
const size = smuggled.length.toString(16)

const requestLine = group('request line', 'RFC 9112, 3', [
  ['plain', get(), 'answered'],
  ['a method in lower case', head('get / HTTP/1.1', host), ownMethod],
  ['a method of its own', head('PURGE / HTTP/1.1', host), 'declined'],
  ['a method with a slash', head('GE/T / HTTP/1.1', host), 'refused'],
  ['a method with a quote', head('"GET" / HTTP/1.1', host), 'refused'],
  ['a method with a colon', head('GET: / HTTP/1.1', host), 'refused'],
  ['a method with a control byte', head('G\x01ET / HTTP/1.1', host), 'refused'],
  ['a method with a NUL', head('G\0ET / HTTP/1.1', host), 'refused'],
  ['a method beyond ASCII', head('G\xcbT / HTTP/1.1', host), 'refused'],
  ['no method', head('/ HTTP/1.1', host), 'refused'],
  ['an empty method', head(' / HTTP/1.1', host), 'refused'],
  ['a method of 300 letters', head(`${'A'.repeat(300)} / HTTP/1.1`, host), ownMethod],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'refused'],
  ['the start of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 'refused'],
  ['a status line', head('HTTP/1.1 200 OK', host), 'refused'],
  ['no target', head('GET HTTP/1.1', host), 'refused'],
  ['an empty target', head('GET  HTTP/1.1', host), 'refused'],
  ['no version', head('GET /', host), unseen],
  ['no version, and a space', head('GET / ', host), 'refused'],
  ['the simple request of HTTP/0.9', 'GET /\r\n\r\n', unseen],
  ['HTTP/0.9', head('GET / HTTP/0.9', host), 'refused'],
  ['HTTP/1.0', head('GET / HTTP/1.0', host), olderVersion],
  ['HTTP/1.0 without a Host', head('GET / HTTP/1.0'), olderVersion],
  ['HTTP/1.2', head('GET / HTTP/1.2', host), 'refused'],
  ['HTTP/1.10', head('GET / HTTP/1.10', host), 'refused'],
  ['HTTP/1.', head('GET / HTTP/1.', host), 'refused'],
  ['HTTP/1', head('GET / HTTP/1', host), 'refused'],
  ['HTTP/2.0', head('GET / HTTP/2.0', host), 'refused'],
  ['HTTP/11.1', head('GET / HTTP/11.1', host), 'refused'],
  ['http/1.1', head('GET / http/1.1', host), 'refused'],
  ['HTTP /1.1', head('GET / HTTP /1.1', host), 'refused'],
  ['HTTP/1,1', head('GET / HTTP/1,1', host), 'refused'],
  ['HTTP/+1.1', head('GET / HTTP/+1.1', host), 'refused'],
  ['another protocol', head('GET / ICE/1.1', host), 'refused'],
  ['two spaces before the target', head('GET  / HTTP/1.1', host), spaces],
  ['two spaces after the target', head('GET /  HTTP/1.1', host), spaces],
  ['a space after the version', head('GET / HTTP/1.1 ', host), 'refused'],
  ['a word after the version', head('GET / HTTP/1.1 x', host), 'refused'],
  ['a space in the target', head('GET /a b HTTP/1.1', host), 'refused'],
  ['a tab before the target', head('GET\t/ HTTP/1.1', host), 'refused'],
  ['a tab after the target', head('GET /\tHTTP/1.1', host), 'refused'],
  ['a tab in the target', head('GET /a\tb HTTP/1.1', host), 'refused'],
  ['a space before the method', head(' GET / HTTP/1.1', host), 'refused'],
  ['an empty line before the request', `\r\n${get()}`, emptyLines],
  [
    'a bare LF before the request',
    `\n${get()}`,
    { because: 'only llhttp skips a bare LF', native: 'refused', node: 'answered', uws: 'refused' },
  ],
  ['bare LF everywhere', 'GET / HTTP/1.1\nHost: h\n\n', 'refused'],
  ['bare LF after the request line', 'GET / HTTP/1.1\nHost: h\r\n\r\n', 'refused'],
  [
    'bare CR everywhere',
    'GET / HTTP/1.1\rHost: h\r\r',
    { because: 'the native parser begins with the first LF', native: 'waits', node: 'refused', uws: 'refused' },
  ],
  ['bare CR after the request line', 'GET / HTTP/1.1\rHost: h\r\n\r\n', 'refused'],
  ['a vertical tab for a space', head('GET\x0b/ HTTP/1.1', host), 'refused'],
  ['a form feed for a space', head('GET /\x0cHTTP/1.1', host), 'refused'],
  ['a second request line', head('GET / HTTP/1.1', 'GET /smuggled HTTP/1.1', host), unseen],
  ['only an empty line', '\r\n\r\n', 'waits'],
  ['only garbage', 'garbage\r\n\r\n', unseen],
])

const target = group('request target', 'RFC 9112, 3.2; RFC 3986, 3', [
  ['a NUL', head('GET /a\0b HTTP/1.1', host), 'refused'],
  ['a control byte', head('GET /a\x01b HTTP/1.1', host), 'refused'],
  ['a DEL', head('GET /a\x7fb HTTP/1.1', host), 'refused'],
  ['a bare CR', head('GET /a\rb HTTP/1.1', host), unseen],
  ['a NUL in the query', head('GET /?a\0b HTTP/1.1', host), 'refused'],
  ['a control byte in the query', head('GET /?a\x01b HTTP/1.1', host), 'refused'],
  ['a DEL in the query', head('GET /?a\x7fb HTTP/1.1', host), 'refused'],
  ['UTF-8', head('GET /\xc3\xa9 HTTP/1.1', host), 'refused'],
  ['UTF-8 in the query', head('GET /?\xc3\xa9 HTTP/1.1', host), 'refused'],
  ['Latin-1', head('GET /\xe9 HTTP/1.1', host), 'refused'],
  ['a fragment', head('GET /a#b HTTP/1.1', host), 'refused'],
  ['a fragment in the query', head('GET /?a#b HTTP/1.1', host), 'refused'],
  ['no leading slash', head('GET a HTTP/1.1', host), 'refused'],
  ['a query alone', head('GET ?a HTTP/1.1', host), 'refused'],
  ['a backslash', head('GET \\a HTTP/1.1', host), 'refused'],
  ['dots', head('GET /../../etc/passwd HTTP/1.1', host), 'answered'],
  ['two slashes', head('GET //h/a HTTP/1.1', host), 'answered'],
  ['a malformed escape', head('GET /%zz HTTP/1.1', host), 'answered'],
  ['an escaped NUL', head('GET /%00 HTTP/1.1', host), 'answered'],
  ['absolute, of this host', head('GET http://h/ HTTP/1.1', host), otherForm],
  ['absolute, of another host', head('GET http://other/ HTTP/1.1', host), 'refused'],
  ['absolute, with user information', head('GET http://h@h/ HTTP/1.1', host), 'refused'],
  ['absolute, without a path', head('GET http://h HTTP/1.1', host), otherForm],
  ['absolute, without a host', head('GET http:/// HTTP/1.1', host), 'refused'],
  ['absolute, of another scheme', head('GET ftp://h/ HTTP/1.1', host), 'refused'],
  ['absolute, with a NUL', head('GET http://h\0/ HTTP/1.1', host), 'refused'],
  ['authority for GET', head('GET h:80 HTTP/1.1', host), 'refused'],
  ['authority for CONNECT', head('CONNECT h:80 HTTP/1.1', host), 'refused'],
  ['a path for CONNECT', head('CONNECT / HTTP/1.1', host), 'refused'],
  ['asterisk for OPTIONS', head('OPTIONS * HTTP/1.1', host), otherForm],
  ['asterisk for GET', head('GET * HTTP/1.1', host), 'refused'],
  ['asterisk and more for OPTIONS', head('OPTIONS *a HTTP/1.1', host), 'refused'],
  ['asterisk with a query for OPTIONS', head('OPTIONS *?a HTTP/1.1', host), 'refused'],
  ['4 KB', head(`GET /${'a'.repeat(4096)} HTTP/1.1`, host), 'answered'],
  ['10 KB', head(`GET /${'a'.repeat(10_240)} HTTP/1.1`, host), 'refused'],
  ['70 KB', head(`GET /${'a'.repeat(71_680)} HTTP/1.1`, host), 'refused'],
  ['a query of 10 KB', head(`GET /?${'a'.repeat(10_240)} HTTP/1.1`, host), 'refused'],
])

const hosts = group('Host', 'RFC 9112, 3.2; RFC 9110, 7.2', [
  ['none', head('GET / HTTP/1.1'), unseen],
  ['none, another field', head('GET / HTTP/1.1', 'Accept: */*'), 'refused'],
  ['two of the same', head('GET / HTTP/1.1', 'Host: a', 'Host: a'), 'refused'],
  ['two that differ', head('GET / HTTP/1.1', 'Host: a', 'Host: b'), 'refused'],
  ['two in different letter case', head('GET / HTTP/1.1', 'Host: a', 'hOST: b'), 'refused'],
  ['two, the second empty', head('GET / HTTP/1.1', 'Host: a', 'Host:'), 'refused'],
  ['empty', head('GET / HTTP/1.1', 'Host:'), 'refused'],
  ['a space', head('GET / HTTP/1.1', 'Host: '), 'refused'],
  ['a path', head('GET / HTTP/1.1', 'Host: h/a'), 'refused'],
  ['a query', head('GET / HTTP/1.1', 'Host: h?a'), 'refused'],
  ['a fragment', head('GET / HTTP/1.1', 'Host: h#a'), 'refused'],
  ['a backslash', head('GET / HTTP/1.1', 'Host: h\\a'), 'refused'],
  ['user information', head('GET / HTTP/1.1', 'Host: u@h'), 'refused'],
  ['user information with a password', head('GET / HTTP/1.1', 'Host: u:p@h'), 'refused'],
  ['a scheme', head('GET / HTTP/1.1', 'Host: http://h'), 'refused'],
  ['a list', head('GET / HTTP/1.1', 'Host: a, b'), 'refused'],
  ['a list that ends in a comma', head('GET / HTTP/1.1', 'Host: a,'), 'refused'],
  ['a space inside', head('GET / HTTP/1.1', 'Host: a b'), 'refused'],
  ['a tab inside', head('GET / HTTP/1.1', 'Host: a\tb'), 'refused'],
  ['spaces around', head('GET / HTTP/1.1', 'Host:   h  '), 'answered'],
  ['tabs around', head('GET / HTTP/1.1', 'Host:\th\t'), 'answered'],
  ['a port', head('GET / HTTP/1.1', 'Host: h:8080'), 'answered'],
  ['an empty port', head('GET / HTTP/1.1', 'Host: h:'), 'answered'],
  ['a port in letters', head('GET / HTTP/1.1', 'Host: h:http'), 'refused'],
  ['a negative port', head('GET / HTTP/1.1', 'Host: h:-1'), 'refused'],
  ['a port of 6 digits', head('GET / HTTP/1.1', 'Host: h:123456'), 'refused'],
  ['two ports', head('GET / HTTP/1.1', 'Host: h:1:2'), 'refused'],
  ['a port alone', head('GET / HTTP/1.1', 'Host: :80'), 'refused'],
  ['IPv4', head('GET / HTTP/1.1', 'Host: 127.0.0.1:80'), 'answered'],
  ['IPv6', head('GET / HTTP/1.1', 'Host: [::1]:80'), 'answered'],
  ['IPv6 without brackets', head('GET / HTTP/1.1', 'Host: ::1'), 'refused'],
  ['IPv6 with a zone', head('GET / HTTP/1.1', 'Host: [fe80::1%25eth0]'), 'refused'],
  ['an open bracket', head('GET / HTTP/1.1', 'Host: [::1'), 'refused'],
  ['empty brackets', head('GET / HTTP/1.1', 'Host: []'), 'refused'],
  ['text after the brackets', head('GET / HTTP/1.1', 'Host: [::1]h'), 'refused'],
  ['a trailing dot', head('GET / HTTP/1.1', 'Host: h.example.'), 'answered'],
  ['a NUL', head('GET / HTTP/1.1', 'Host: h\0'), unseen],
  ['a control byte', head('GET / HTTP/1.1', 'Host: h\x01'), unseen],
  ['UTF-8', head('GET / HTTP/1.1', 'Host: h\xc3\xa9'), highBytes],
  ['angle brackets', head('GET / HTTP/1.1', 'Host: <h>'), 'refused'],
  ['quoted', head('GET / HTTP/1.1', 'Host: "h"'), 'refused'],
  ['a space before the colon', head('GET / HTTP/1.1', 'Host : h'), unseen],
])

const contentLength = group('Content-Length', 'RFC 9112, 6.3; RFC 9110, 8.6', [
  ['plain', post(['Content-Length: 5'], 'hello'), 'answered'],
  ['zero', post(['Content-Length: 0'], ''), 'answered'],
  ['a body that is a request', hiding([fits]), 'answered'],
  ['a body that is a request, of a GET', head('GET / HTTP/1.1', host, fits) + smuggled, 'answered'],
  ['a body that is a request, of a HEAD', head('HEAD / HTTP/1.1', host, fits) + smuggled, 'answered'],
  ['a body that is a request, of a DELETE', head('DELETE /nothing HTTP/1.1', host, fits) + smuggled, 'answered'],
  ['a body that is a request, of an OPTIONS', head('OPTIONS / HTTP/1.1', host, fits) + smuggled, 'answered'],
  [
    'a body that is a request, to a path without a route',
    head('POST /nothing HTTP/1.1', host, fits) + smuggled,
    'answered',
  ],
  ['two of the same', post(['Content-Length: 5', 'Content-Length: 5'], 'hello'), 'refused'],
  ['two that differ, the longer first', hiding(['Content-Length: 100', 'Content-Length: 0']), 'refused'],
  ['two that differ, the shorter first', hiding(['Content-Length: 0', fits]), 'refused'],
  ['two in different letter case', hiding(['content-length: 0', `CONTENT-LENGTH: ${smuggled.length}`]), 'refused'],
  ['two, the first empty', hiding(['Content-Length:', fits]), 'refused'],
  ['two, the second empty', hiding([fits, 'Content-Length:']), 'refused'],
  ['a list of the same', post(['Content-Length: 5, 5'], 'hello'), 'refused'],
  ['a list that differs', hiding([`Content-Length: 0, ${smuggled.length}`]), 'refused'],
  ['a list without a space', post(['Content-Length: 5,5'], 'hello'), 'refused'],
  ['a comma after it', post(['Content-Length: 5,'], 'hello'), 'refused'],
  ['a plus sign', post(['Content-Length: +5'], 'hello'), 'refused'],
  ['a minus sign', post(['Content-Length: -1'], 'hello'), 'refused'],
  ['minus zero', hiding(['Content-Length: -0']), 'refused'],
  ['hexadecimal', post(['Content-Length: 0x5'], 'hello'), 'refused'],
  ['hexadecimal digits', hiding(['Content-Length: 1a']), 'refused'],
  ['octal', post(['Content-Length: 0o5'], 'hello'), 'refused'],
  ['a fraction', post(['Content-Length: 5.0'], 'hello'), 'refused'],
  ['an exponent', post(['Content-Length: 5e0'], 'hello'), 'refused'],
  ['digits apart', post(['Content-Length: 5 5'], 'hello'), 'refused'],
  ['an underscore', hiding(['Content-Length: 1_0']), 'refused'],
  ['quoted', post(['Content-Length: "5"'], 'hello'), 'refused'],
  ['spaces around', post(['Content-Length:   5  '], 'hello'), 'answered'],
  ['tabs around', post(['Content-Length:\t5\t'], 'hello'), tabs],
  ['a vertical tab before it', post(['Content-Length: \x0b5'], 'hello'), unseen],
  ['a form feed after it', post(['Content-Length: 5\x0c'], 'hello'), unseen],
  ['a NUL after it', post(['Content-Length: 5\0'], 'hello'), unseen],
  ['a bare CR before it', post(['Content-Length: \r5'], 'hello'), unseen],
  ['on a folded line', post(['Content-Length:', ' 5'], 'hello'), unseen],
  ['continued on a folded line', hiding(['Content-Length: 0', ' 5']), unseen],
  ['empty', hiding(['Content-Length:']), 'refused'],
  ['a space', hiding(['Content-Length: ']), 'refused'],
  ['a word', hiding(['Content-Length: five']), 'refused'],
  ['Arabic digits', post(['Content-Length: \xd9\xa5'], 'hello'), 'refused'],
  ['a byte beyond ASCII before it', post(['Content-Length: \xa05'], 'hello'), highBytes],
  ['Latin-1 superscript', post(['Content-Length: 5\xb2'], 'hello'), highBytes],
  ['of 16 digits', post(['Content-Length: 1000000000000000'], 'hello'), 'refused'],
  ['2 to the 32', post(['Content-Length: 4294967296'], 'hello'), 'refused'],
  ['2 to the 32 and some', hiding(['Content-Length: 4294967301']), 'refused'],
  ['2 to the 63', hiding(['Content-Length: 9223372036854775808']), 'refused'],
  ['2 to the 64', hiding(['Content-Length: 18446744073709551616']), 'refused'],
  ['2 to the 64 and 5', post(['Content-Length: 18446744073709551621'], 'hello'), 'refused'],
  ['of 100 digits', post([`Content-Length: ${'9'.repeat(100)}`], 'hello'), 'refused'],
  ['leading zeros', post(['Content-Length: 0005'], 'hello'), 'answered'],
  ['40 leading zeros', post([`Content-Length: ${'0'.repeat(40)}5`], 'hello'), 'refused'],
  ['in the name, an underscore', post(['Content_Length: 100'], get()), 'answered', 2],
  ['in the name, a space', post(['Content Length: 5'], 'hello'), unseen],
  ['a space before the colon', post(['Content-Length : 5'], 'hello'), unseen],
  ['a tab before the colon', post(['Content-Length\t: 5'], 'hello'), unseen],
  ['a NUL in the name', hiding(['Content-Length\0: 5']), unseen],
  ['a space before the name', hiding(['X: y', ' Content-Length: 5']), unseen],
  ['more than comes', post(['Content-Length: 10'], 'hello'), 'waits'],
])

const transferEncoding = group('Transfer-Encoding', 'RFC 9112, 6.1 and 6.3', [
  ['chunked', chunked('5\r\nhello\r\n0\r\n\r\n'), 'answered'],
  ['Chunked', post(['Transfer-Encoding: Chunked'], '5\r\nhello\r\n0\r\n\r\n'), 'answered'],
  ['CHUNKED', post(['TRANSFER-ENCODING: CHUNKED'], '5\r\nhello\r\n0\r\n\r\n'), 'answered'],
  ['spaces around', post(['Transfer-Encoding:   chunked  '], '5\r\nhello\r\n0\r\n\r\n'), 'answered'],
  ['tabs around', post(['Transfer-Encoding:\tchunked\t'], '5\r\nhello\r\n0\r\n\r\n'), tabs],
  ['twice', post(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], '0\r\n\r\n'), 'refused'],
  ['twice in a list', post(['Transfer-Encoding: chunked, chunked'], '0\r\n\r\n'), 'refused'],
  ['gzip, chunked', post(['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'), 'refused'],
  [
    'gzip, then chunked in a second field',
    post(['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    'refused',
  ],
  ['chunked, gzip', hiding(['Transfer-Encoding: chunked, gzip'], '0\r\n\r\n'), 'refused'],
  ['chunked, identity', hiding(['Transfer-Encoding: chunked, identity'], '0\r\n\r\n'), 'refused'],
  ['identity, chunked', hiding(['Transfer-Encoding: identity, chunked'], '0\r\n\r\n'), 'refused'],
  [
    'chunked, then identity in a second field',
    hiding(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], '0\r\n\r\n'),
    'refused',
  ],
  [
    'identity, then chunked in a second field',
    hiding(['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    'refused',
  ],
  ['identity', hiding(['Transfer-Encoding: identity']), 'refused'],
  ['gzip', hiding(['Transfer-Encoding: gzip']), 'refused'],
  ['empty', hiding(['Transfer-Encoding:']), 'refused'],
  ['a space', hiding(['Transfer-Encoding: ']), 'refused'],
  ['a comma', hiding(['Transfer-Encoding: ,']), 'refused'],
  ['a comma before it', hiding(['Transfer-Encoding: , chunked'], '0\r\n\r\n'), 'refused'],
  ['a comma after it', hiding(['Transfer-Encoding: chunked,'], '0\r\n\r\n'), 'refused'],
  ['xchunked', hiding(['Transfer-Encoding: xchunked'], '0\r\n\r\n'), 'refused'],
  ['chunkedx', hiding(['Transfer-Encoding: chunkedx'], '0\r\n\r\n'), 'refused'],
  ['x chunked', hiding(['Transfer-Encoding: x chunked'], '0\r\n\r\n'), 'refused'],
  ['chunked x', hiding(['Transfer-Encoding: chunked x'], '0\r\n\r\n'), 'refused'],
  ['chunked;q=1', hiding(['Transfer-Encoding: chunked;q=1'], '0\r\n\r\n'), 'refused'],
  ['quoted', hiding(['Transfer-Encoding: "chunked"'], '0\r\n\r\n'), 'refused'],
  ['in single quotes', hiding(["Transfer-Encoding: 'chunked'"], '0\r\n\r\n'), 'refused'],
  ['a vertical tab before it', hiding(['Transfer-Encoding: \x0bchunked'], '0\r\n\r\n'), unseen],
  ['a vertical tab after it', hiding(['Transfer-Encoding: chunked\x0b'], '0\r\n\r\n'), unseen],
  ['a NUL after it', hiding(['Transfer-Encoding: chunked\0'], '0\r\n\r\n'), unseen],
  ['a bare CR before it', hiding(['Transfer-Encoding: \rchunked'], '0\r\n\r\n'), unseen],
  ['a byte beyond ASCII after it', post(['Transfer-Encoding: chunked\xa0'], '0\r\n\r\n'), highBytes],
  ['on a folded line', hiding(['Transfer-Encoding:', ' chunked'], '0\r\n\r\n'), unseen],
  ['on a line folded by a tab', hiding(['Transfer-Encoding:', '\tchunked'], '0\r\n\r\n'), unseen],
  ['continued on a folded line', hiding(['Transfer-Encoding: chunked', ' , identity'], '0\r\n\r\n'), unseen],
  ['a space before the colon', hiding(['Transfer-Encoding : chunked'], '0\r\n\r\n'), unseen],
  ['a tab before the colon', hiding(['Transfer-Encoding\t: chunked'], '0\r\n\r\n'), unseen],
  ['a NUL in the name', hiding(['Transfer\0-Encoding: chunked'], '0\r\n\r\n'), unseen],
  ['a space in the name', hiding(['Transfer Encoding: chunked'], '0\r\n\r\n'), unseen],
  ['no space after the colon', post(['Transfer-Encoding:chunked'], '5\r\nhello\r\n0\r\n\r\n'), 'answered'],
  ['a second colon', hiding(['Transfer-Encoding:: chunked'], '0\r\n\r\n'), 'refused'],
  ['of a GET', `${head('GET / HTTP/1.1', host, 'Transfer-Encoding: chunked')}0\r\n\r\n`, 'answered'],
  ['of HTTP/1.0', `${head('POST /echo HTTP/1.0', host, 'Transfer-Encoding: chunked')}0\r\n\r\n`, 'refused'],
])

const chunks = group('chunks', 'RFC 9112, 7.1', [
  ['several', chunked('5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n'), 'answered'],
  ['a body that is a request', chunked(`${size}\r\n${smuggled}\r\n0\r\n\r\n`), 'answered'],
  ['a size in capitals', chunked('A\r\n0123456789\r\n0\r\n\r\n'), 'answered'],
  ['a size with leading zeros', chunked('0005\r\nhello\r\n0\r\n\r\n'), 'answered'],
  ['an extension', chunked('5;a=b\r\nhello\r\n0\r\n\r\n'), noExtensions],
  [
    'an extension in quotes',
    chunked('5;a="b"\r\nhello\r\n0\r\n\r\n'),
    { because: noExtensions.because, node: 'answered', uws: 'refused' },
  ],
  ['an extension of the last chunk', chunked('5\r\nhello\r\n0;a=b\r\n\r\n'), noExtensions],
  ['no size', chunked('\r\nhello\r\n0\r\n\r\n'), looseChunk],
  ['a word for a size', chunked('zz\r\nhello\r\n0\r\n\r\n'), 'refused'],
  ['a letter after the size', chunked('5g\r\nhello\r\n0\r\n\r\n'), looseChunkWaits],
  ['a minus sign', chunked('-5\r\nhello\r\n0\r\n\r\n'), 'refused'],
  ['a plus sign', chunked('+5\r\nhello\r\n0\r\n\r\n'), 'refused'],
  ['0x', chunked('0x5\r\nhello\r\n0\r\n\r\n'), 'refused'],
  ['a size of 2 to the 32', chunked('100000000\r\nhello\r\n0\r\n\r\n'), largeChunk],
  ['a size of 2 to the 32 and 5', chunked('100000005\r\nhello\r\n0\r\n\r\n'), largeChunk],
  ['a size of 2 to the 64', chunked('10000000000000000\r\nhello\r\n0\r\n\r\n'), 'refused'],
  ['a size of 2 to the 64 and 5', chunked('10000000000000005\r\nhello\r\n0\r\n\r\n'), 'refused'],
  ['a size of 100 digits', chunked(`${'f'.repeat(100)}\r\nhello\r\n0\r\n\r\n`), 'refused'],
  [
    'a size of 100 zeros and a 5',
    chunked(`${'0'.repeat(100)}5\r\nhello\r\n0\r\n\r\n`),
    { because: 'the native parser takes 12 digits', native: 'refused', node: 'answered', uws: 'answered' },
  ],
  ['a space before the size', chunked(' 5\r\nhello\r\n0\r\n\r\n'), looseChunk],
  ['a space after the size', chunked('5 \r\nhello\r\n0\r\n\r\n'), looseChunk],
  ['a tab after the size', chunked('5\t\r\nhello\r\n0\r\n\r\n'), looseChunk],
  ['two sizes', chunked('5 5\r\nhello\r\n0\r\n\r\n'), looseChunk],
  ['a size in quotes', chunked('"5"\r\nhello\r\n0\r\n\r\n'), 'refused'],
  ['a NUL after the size', chunked('5\0\r\nhello\r\n0\r\n\r\n'), looseChunk],
  ['a bare LF after the size', chunked('5\nhello\r\n0\r\n\r\n'), looseChunk],
  ['a bare CR after the size', chunked('5\rhello\r\n0\r\n\r\n'), looseChunkWaits],
  ['a bare LF after the data', chunked('5\r\nhello\n0\r\n\r\n'), looseChunk],
  ['bare LF everywhere', chunked('5\nhello\n0\n\n'), looseChunk],
  ['nothing after the data', chunked('5\r\nhello0\r\n\r\n'), looseChunk],
  ['more data than its size', chunked('5\r\nhello!\r\n0\r\n\r\n'), looseChunk],
  ['other bytes for the end of the data', chunked('5\r\nhelloXX0\r\n\r\n'), looseChunk],
  ['an extension of garbage', chunked('5;\x01\x02\r\nhello\r\n0\r\n\r\n'), looseChunkWaits],
  ['an extension with a NUL', chunked('5;a=\0\r\nhello\r\n0\r\n\r\n'), looseChunkWaits],
  ['an extension with a bare LF', chunked(`5;a\n${smuggled}\r\nhello\r\n0\r\n\r\n`), looseChunkWaits],
  ['an extension with a bare CR', chunked('5;a\rb\r\nhello\r\n0\r\n\r\n'), looseChunkWaits],
  ['an empty extension', chunked('5;\r\nhello\r\n0\r\n\r\n'), looseChunkWaits],
  ['an extension of 20 KB', chunked(`5;a=${'b'.repeat(20_480)}\r\nhello\r\n0\r\n\r\n`), 'refused'],
  ['an extension without a semicolon', chunked('5 a=b\r\nhello\r\n0\r\n\r\n'), looseChunk],
  ['a last chunk of several zeros', chunked('5\r\nhello\r\n000\r\n\r\n'), 'answered'],
  ['no last chunk', chunked('5\r\nhello\r\n'), 'waits'],
  [
    'no line after the last chunk',
    chunked('5\r\nhello\r\n0\r\n'),
    { because: looseChunk.because, node: 'waits', uws: 'answered' },
  ],
  ['a bare LF after the last chunk', chunked('5\r\nhello\r\n0\n\n'), looseChunk],
  ['trailers', chunked('5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n'), noTrailers],
  ['a trailer without a colon', chunked('5\r\nhello\r\n0\r\ntrailer\r\n\r\n'), looseChunk],
  ['a trailer with a NUL', chunked('5\r\nhello\r\n0\r\nX: \0\r\n\r\n'), 'refused'],
  [
    'a trailer of framing',
    chunked(`5\r\nhello\r\n0\r\nContent-Length: ${smuggled.length}\r\n\r\n`),
    {
      because: 'native passes over every trailer (RFC 9110, 6.5.1), llhttp looks at this one; uws knows none',
      native: 'answered',
      node: 'refused',
      uws: 'refused',
    },
  ],
  ['a trailer that looks like a request', chunked(`0\r\n${smuggled}`), 'refused'],
  ['a request after the last chunk size', chunked(`5\r\nhello\r\n0\r\n${smuggled}`), 'refused'],
  ['a request in the data of a short chunk', chunked(`1\r\n${smuggled}\r\n0\r\n\r\n`), 'refused'],
])

const fields = group('header fields', 'RFC 9112, 5; RFC 9110, 5.5', [
  ['a space before the colon', get('X-A : 1'), unseen],
  ['a tab before the colon', get('X-A\t: 1'), unseen],
  ['no colon', get('X-A'), unseen],
  ['no colon, first', head('GET / HTTP/1.1', 'X-A', host), unseen],
  ['an empty name', get(': 1'), emptyName],
  [
    'an empty name before framing',
    post([': 1', `Content-Length: ${get().length}`], get()),
    { ...emptyName, answers: { node: 1, uws: 2 } },
  ],
  ['an empty name before a second Host', get(': 1', 'Host: b'), emptyName],
  ['a space for a name', get(' : 1'), unseen],
  ['a space in the name', get('X A: 1'), unseen],
  ['a space before the first name', head('GET / HTTP/1.1', ' X-A: 1', host), unseen],
  ['a folded line', get('X-A: 1', ' 2'), unseen],
  ['a line folded by a tab', get('X-A: 1', '\t2'), unseen],
  ['a folded line that hides a Host', head('GET / HTTP/1.1', 'X-A: 1', ' Host: b', host), unseen],
  ['an empty folded line', get('X-A: 1', ' '), unseen],
  ['a control byte in the name', get('X\x01A: 1'), unseen],
  ['a NUL in the name', get('X\0A: 1'), unseen],
  ['a DEL in the name', get('X\x7fA: 1'), unseen],
  ['a bare CR in the name', get('X\rA: 1'), unseen],
  ['a bare LF in the name', get('X\nA: 1'), unseen],
  ['beyond ASCII in the name', get('X\xe9: 1'), unseen],
  ['UTF-8 in the name', get('X\xc3\xa9: 1'), unseen],
  ['parentheses in the name', get('X(A): 1'), unseen],
  ['a comma in the name', get('X,A: 1'), unseen],
  ['a slash in the name', get('X/A: 1'), unseen],
  ['an at sign in the name', get('X@A: 1'), unseen],
  ['brackets in the name', get('X[A]: 1'), unseen],
  ['an equals sign in the name', get('X=A: 1'), unseen],
  ['quotes in the name', get('"XA": 1'), unseen],
  ['a backslash in the name', get('X\\A: 1'), unseen],
  ['braces in the name', get('X{A}: 1'), unseen],
  ['every token character in the name', get("!#$%&'*+-.^_`|~09AZaz: 1"), 'answered'],
  ['an underscore in the name', get('X_A: 1'), 'answered'],
  ['a control byte in the value', get('X-A: 1\x012'), unseen],
  ['a NUL in the value', get('X-A: 1\x002'), unseen],
  ['a NUL for a value', get('X-A: \0'), unseen],
  ['a DEL in the value', get('X-A: 1\x7f2'), 'refused'],
  ['a bare CR in the value', get('X-A: 1\r2'), unseen],
  ['a bare CR at the end of the value', get('X-A: 1\r'), unseen],
  ['a bare LF in the value', get('X-A: 1\n2'), unseen],
  ['a bare LF and a field in the value', get('X-A: 1\nX-B: 2'), unseen],
  ['a bare LF and Content-Length in the value', hiding(['X-A: 1\nContent-Length: 40']), unseen],
  ['a vertical tab in the value', get('X-A: 1\x0b2'), unseen],
  ['an escape in the value', get('X-A: \x1b[31m'), unseen],
  ['a tab in the value', get('X-A: 1\t2'), 'answered'],
  ['Latin-1 in the value', get('X-A: caf\xe9'), 'answered'],
  ['UTF-8 in the value', get('X-A: caf\xc3\xa9'), 'answered'],
  ['bytes in the value that are no UTF-8', get('X-A: \xff\xfe'), 'answered'],
  ['an empty value', get('X-A:'), 'answered'],
  ['an empty value, last', head('GET / HTTP/1.1', host, 'X-A: '), 'answered'],
  ['no space after the colon', get('X-A:1'), 'answered'],
  ['colons in the value', get('X-A: 1:2: 3'), 'answered'],
  ['one called __proto__', get('__proto__: 1', 'constructor: 2'), 'answered'],
  ['90 of them', get(...Array.from({ length: 90 }, (_, index) => `X-${index}: 1`)), 'answered'],
  ['101 of them', get(...Array.from({ length: 101 }, (_, index) => `X-${index}: 1`)), 'refused'],
  ['1,500 of them', get(...Array.from({ length: 1500 }, (_, index) => `X-${index}: 1`)), 'refused'],
  ['2,500 of one letter', get(...Array.from({ length: 2500 }, () => 'a:')), 'refused'],
  ['6 KB in one', get(`X-A: ${'a'.repeat(6144)}`), 'answered'],
  ['10 KB in one', get(`X-A: ${'a'.repeat(10_240)}`), 'refused'],
  ['70 KB in one', get(`X-A: ${'a'.repeat(71_680)}`), 'refused'],
  ['a name of 10 KB', get(`${'a'.repeat(10_240)}: 1`), 'refused'],
  ['200 KB without an end', `GET / HTTP/1.1\r\nHost: h\r\nX-A: ${'a'.repeat(204_800)}`, 'refused'],
  ['a head without an end', 'GET / HTTP/1.1\r\nHost: h\r\n', 'waits'],
  ['a bare LF for the end of the head', 'GET / HTTP/1.1\r\nHost: h\r\n\n', unseen],
  ['a bare LF before the end of the head', 'GET / HTTP/1.1\r\nHost: h\n\r\n', unseen],
  ['a bare CR for the end of the head', `GET / HTTP/1.1\r\nHost: h\r\n\r${smuggled}`, unseen],
])

const pipelining = group('pipelining', 'RFC 9112, 9.3.2', [
  ['two', get() + get(), 'answered', 2],
  ['three', get() + get() + get(), 'answered', 3],
  ['a POST and a GET', post(['Content-Length: 5'], 'hello') + get(), 'answered', 2],
  ['two POSTs', post(['Content-Length: 5'], 'hello').repeat(2), 'answered', 2],
  ['an empty POST and a GET', post(['Content-Length: 0'], '') + get(), 'answered', 2],
  [
    'an empty line between two',
    `${get()}\r\n${get()}`,
    { answers: { node: 2, uws: 1 }, because: emptyLines.because, node: 'answered', uws: 'answered' },
  ],
  ['a HEAD and a GET', head('HEAD / HTTP/1.1', host) + get(), 'answered', 2],
  [
    'garbage after a request',
    `${get()}garbage\r\n\r\n`,
    // From Node 24 on the garbage is met before the answer counts as finished: nothing is added to it, and it closes.
    {
      answers: { native: 2, node: since24 ? 1 : 2, uws: 1 },
      because: unseen.because,
      node: 'answered',
      uws: 'answered',
    },
  ],
  [
    'more body than its length',
    `${post(['Content-Length: 4'], 'hello')}\r\n\r\n`,
    {
      answers: { native: 2, node: 2, uws: 1 },
      because: 'node answers what comes after it, in place of what still waits',
      native: 'answered',
      node: 'refused',
      uws: 'answered',
    },
  ],
  [
    'a refused one between two',
    get() + head('GET /a#b HTTP/1.1', host) + smuggled,
    { answers: { node: 2, uws: 0 }, because: unsent.because, node: 'answered', uws: 'refused' },
  ],
  ['a request after one without a Host', head('GET / HTTP/1.1') + smuggled, unseen],
  ['a request after one with two Hosts', head('GET / HTTP/1.1', host, host) + smuggled, 'refused'],
  ['a request after one with a bad Content-Length', post(['Content-Length: x'], '') + smuggled, 'refused'],
  ['a request after one with too large headers', get(`X-A: ${'a'.repeat(10_240)}`) + smuggled, 'refused'],
  [
    'a request after one too large for its route',
    `${head('POST /small HTTP/1.1', host, 'Content-Length: 12')}hello, world${get()}`,
    'refused',
  ],
])

const connection = group('Connection', 'RFC 9112, 9.3; RFC 9110, 7.6.1', [
  ['close', get('Connection: close'), 'answered'],
  ['close, and a request after it', get('Connection: close') + smuggled, unsent],
  ['CLOSE, and a request after it', get('Connection: CLOSE') + smuggled, unsent],
  ['close in a list, and a request after it', get('Connection: x, close') + smuggled, unsent],
  ['close in a second field, and a request after it', get('Connection: x', 'Connection: close') + smuggled, unsent],
  [
    'close of a POST, and a request after it',
    post(['Connection: close', 'Content-Length: 5'], 'hello') + smuggled,
    unsent,
  ],
  ['keep-alive and close', get('Connection: keep-alive, close') + smuggled, unsent],
  ['keep-alive', get('Connection: keep-alive') + get(), 'answered', 2],
  ['keep-alive of HTTP/1.0', head('GET / HTTP/1.0', host, 'Connection: keep-alive'), olderVersion],
  ['a request after one of HTTP/1.0', head('GET / HTTP/1.0', host) + smuggled, olderVersion],
  ['Content-Length named hop-by-hop', post(['Connection: Content-Length', fits], smuggled), 'answered'],
  ['Host named hop-by-hop', get('Connection: Host'), 'answered'],
  ['empty', get('Connection:'), 'answered'],
  [
    'an upgrade to h2c',
    `${get('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__')}`,
    'answered',
  ],
  [
    'an upgrade to what is not offered, and a request after it',
    get('Connection: Upgrade', 'Upgrade: websocket') + get(),
    {
      answers: { native: 2, node: 1, uws: 2 },
      because: 'node drops what comes in one packet with a request to upgrade',
      node: 'answered',
      uws: 'answered',
    },
  ],
  [
    'an upgrade, with a body that is a request',
    post(['Connection: Upgrade', 'Upgrade: x', fits], smuggled),
    'answered',
  ],
  ['an expectation of 100-continue', post(['Expect: 100-continue', 'Content-Length: 5'], 'hello'), 'answered'],
  [
    'an expectation of something else',
    post(['Expect: 200-ok', 'Content-Length: 5'], 'hello'),
    {
      because: 'native and node answer 417, native closes; RFC 9110, 10.1.1 lets a server ignore it',
      native: 'refused',
      node: 'declined',
      uws: 'answered',
    },
  ],
])

const te = 'Transfer-Encoding: chunked'
const smuggling = group('smuggling', 'RFC 9112, 6.3 and 11.2', [
  ['CL.TE', hiding([`Content-Length: ${smuggled.length + 5}`, te], '0\r\n\r\n'), 'refused'],
  ['CL.TE, the length before the end of the chunks', hiding(['Content-Length: 5', te], '0\r\n\r\n'), 'refused'],
  ['CL.TE, a length of 0', hiding(['Content-Length: 0', te], '0\r\n\r\n'), 'refused'],
  ['TE.CL', post([te, 'Content-Length: 4'], `${size}\r\n${smuggled}\r\n0\r\n\r\n`), 'refused'],
  ['TE.CL, a length of 0', post([te, 'Content-Length: 0'], `${size}\r\n${smuggled}\r\n0\r\n\r\n`), 'refused'],
  ['TE.CL, an empty length', hiding([te, 'Content-Length:'], '0\r\n\r\n'), 'refused'],
  ['TE.CL of a GET', `${head('GET / HTTP/1.1', host, te, 'Content-Length: 5')}0\r\n\r\n${smuggled}`, 'refused'],
  ['TE.TE, xchunked second', hiding([te, 'Transfer-Encoding: xchunked'], '0\r\n\r\n'), 'refused'],
  ['TE.TE, xchunked first', hiding(['Transfer-Encoding: xchunked', te], '0\r\n\r\n'), 'refused'],
  ['TE.TE, a second in another letter case', hiding([te, 'transfer-encoding: cow'], '0\r\n\r\n'), 'refused'],
  ['TE.TE, folded', hiding(['Transfer-Encoding', ' : chunked'], '0\r\n\r\n'), unseen],
  ['TE.TE, after a bare LF', hiding([`X: y\n${te}`], '0\r\n\r\n'), unseen],
  ['TE.TE, after a bare CR', hiding([`X: y\r${te}`], '0\r\n\r\n'), unseen],
  [
    'CL.TE, a space before the colon',
    hiding(['Content-Length: 5', 'Transfer-Encoding : chunked'], '0\r\n\r\n'),
    unseen,
  ],
  ['CL.TE, a space before the name', hiding(['Content-Length: 5', ` ${te}`], '0\r\n\r\n'), unseen],
  ['CL.TE, identity', hiding(['Content-Length: 5', 'Transfer-Encoding: identity'], 'hello'), 'refused'],
  ['CL.TE, an empty coding', hiding(['Content-Length: 5', 'Transfer-Encoding:'], 'hello'), 'refused'],
  ['CL.TE, a vertical tab', hiding(['Content-Length: 5', 'Transfer-Encoding:\x0bchunked'], '0\r\n\r\n'), unseen],
  ['CL.CL', hiding(['Content-Length: 5', `Content-Length: ${smuggled.length + 5}`], 'hello'), 'refused'],
  ['CL.0 of a GET', head('GET / HTTP/1.1', host, fits) + smuggled, 'answered'],
  ['CL.0 of a static path', head('POST /nothing HTTP/1.1', host, fits) + smuggled, 'answered'],
  [
    'CL.0 with Connection',
    head('POST /nothing HTTP/1.1', host, 'Connection: Content-Length', fits) + smuggled,
    'answered',
  ],
  ['a hidden request in a refused body', head('POST /small HTTP/1.1', host, fits) + smuggled, 'refused'],
  [
    'a hidden request in a chunked body that is refused',
    `${head('POST /small HTTP/1.1', host, te)}${size}\r\n${smuggled}\r\n0\r\n\r\n`,
    'refused',
  ],
  ['a hidden request in a body of HTTP/1.0', head('POST /echo HTTP/1.0', host, fits) + smuggled, olderVersion],
])

/** Every case, in groups. A name is unique within its group. */
export const hostileGroups: readonly HostileGroup[] = [
  requestLine,
  target,
  hosts,
  contentLength,
  transferEncoding,
  chunks,
  fields,
  pipelining,
  connection,
  smuggling,
]
