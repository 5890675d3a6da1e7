//! Why input is refused. Each reason names the rule that it breaks.

/// Why a request is refused: a row of the table that `src/core/guard.ts` has too, where it is the same rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refusal {
    pub code: &'static str,
    /// In bytes, where it is a limit that is passed and not one of the usual; else 0.
    pub limit: u64,
    pub reason: &'static str,
    pub section: &'static str,
    pub status: u16,
}

const fn bad(reason: &'static str, section: &'static str) -> Refusal {
    Refusal { code: "BAD_FRAMING", limit: 0, reason, section, status: 400 }
}

pub const BARE_LF: Refusal = bad("a line ends without a carriage return", "RFC 9112, 2.2");
pub const BOTH_FRAMINGS: Refusal = bad("there is both a Content-Length and a Transfer-Encoding", "RFC 9112, 6.1");
pub const CODING_IN_HTTP10: Refusal = bad("HTTP/1.0 has no Transfer-Encoding", "RFC 9112, 6.1");
pub const CODING_NOT_CHUNKED: Refusal = bad("the Transfer-Encoding does not end in a single chunked", "RFC 9112, 6.3");
pub const CODING_UNKNOWN: Refusal = Refusal {
    code: "CODING_UNKNOWN",
    limit: 0,
    reason: "there is a transfer coding beside chunked",
    section: "RFC 9112, 6.1",
    status: 501,
};
pub const EXPECTATION: Refusal = Refusal {
    code: "BAD_FRAMING",
    limit: 0,
    reason: "there is an expectation other than 100-continue",
    section: "RFC 9110, 10.1.1",
    status: 417,
};
pub const HEADER_BYTE: Refusal = bad("a header holds a byte that is not allowed there", "RFC 9110, 5.5");
pub const HOST_COUNT: Refusal = bad("there must be one Host header", "RFC 9112, 3.2");
pub const HOST_MALFORMED: Refusal = bad("the Host header is not a host and port", "RFC 9110, 7.2");
pub const LENGTH_COUNT: Refusal = bad("there is more than one Content-Length", "RFC 9112, 6.3");
pub const LENGTH_MALFORMED: Refusal = bad("the Content-Length is not a number", "RFC 9112, 6.3");
pub const METHOD: Refusal = bad("the method is not a token", "RFC 9112, 3.1");
/// Nothing is answered: there is nobody to read it.
pub const NOT_ANNOUNCED: Refusal = Refusal {
    code: "PROXY_HEADER",
    limit: 0,
    reason: "the connection of a proxy begins without a header of the PROXY protocol",
    section: "proxy-protocol.txt, 2",
    status: 0,
};
pub const OTHER_HOST: Refusal = bad("the request target names another host", "RFC 9112, 3.2.2");
pub const REQUEST_LINE: Refusal = bad("the request line is malformed", "RFC 9112, 3");
pub const TARGET: Refusal = bad("the request target is not a path of printable ASCII", "RFC 9112, 3.2");
pub const HEAD_TOO_LARGE: Refusal = Refusal {
    code: "HEADERS_TOO_LARGE",
    limit: 0,
    reason: "the headers are too large",
    section: "RFC 6585, 5",
    status: 431,
};
pub const LINE_TOO_LONG: Refusal = Refusal {
    code: "LINE_TOO_LONG",
    limit: 0,
    reason: "the request line is too long",
    section: "RFC 9110, 15.5.15",
    status: 414,
};
pub const TOO_MANY_HEADERS: Refusal = Refusal {
    code: "HEADERS_TOO_LARGE",
    limit: 0,
    reason: "there are too many headers",
    section: "RFC 6585, 5",
    status: 431,
};
pub const VERSION: Refusal = Refusal {
    code: "BAD_FRAMING",
    limit: 0,
    reason: "the version is neither HTTP/1.1 nor HTTP/1.0",
    section: "RFC 9110, 15.6.6",
    status: 505,
};
