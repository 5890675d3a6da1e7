//! What goes out: the head of a response as bytes. Pure.

use std::time::{SystemTime, UNIX_EPOCH};

use super::refusal::Refusal;

const KEEP_ALIVE: &[u8] = b"Connection: keep-alive\r\n";
const LENGTH: &[u8] = b"Content-Length: ";

/// What stands at the end of most heads: `Connection: keep-alive`, `Date`, and the name of `Content-Length`. Made anew
/// once a second.
pub struct Clock {
    at: u64,
    text: Vec<u8>,
}

impl Clock {
    pub fn new() -> Self {
        Self { at: 0, text: Vec::new() }
    }

    /// The line `Date: …` for this second. `now` is any clock in milliseconds; the day's time is only looked at when it
    /// has come to another second.
    pub fn line(&mut self, now: u64) -> &[u8] {
        self.tell(now);
        &self.text[KEEP_ALIVE.len()..self.text.len() - LENGTH.len()]
    }

    /// Writes the end of a head, up to what frames the body: with the name of `Content-Length` where it has a length.
    pub fn write(&mut self, out: &mut Vec<u8>, now: u64, closes: bool, has_length: bool) {
        self.tell(now);
        let mut start = 0;
        if closes {
            out.extend_from_slice(b"Connection: close\r\n");
            start = KEEP_ALIVE.len();
        }
        let end = if has_length { self.text.len() } else { self.text.len() - LENGTH.len() };
        out.extend_from_slice(&self.text[start..end]);
    }

    fn tell(&mut self, now: u64) {
        let second = now / 1000 + 1;
        if second != self.at {
            self.at = second;
            let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            self.text.clear();
            for part in [KEEP_ALIVE, b"Date: ", &http_date(unix), b"\r\n", LENGTH] {
                self.text.extend_from_slice(part);
            }
        }
    }
}

/// An IMF-fixdate (RFC 9110, 5.6.7).
pub fn http_date(unix: u64) -> [u8; 29] {
    const DAYS: &[u8; 21] = b"ThuFriSatSunMonTueWed";
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let days = unix / 86_400;
    let (year, month, day) = civil(days);
    let seconds = unix % 86_400;
    let mut text = *b"Ddd, 00 Mmm 0000 00:00:00 GMT";
    let weekday = 3 * (days % 7) as usize;
    text[..3].copy_from_slice(&DAYS[weekday..weekday + 3]);
    let month = 3 * (month as usize - 1);
    text[8..11].copy_from_slice(&MONTHS[month..month + 3]);
    two(&mut text, 5, day);
    two(&mut text, 12, year / 100);
    two(&mut text, 14, year % 100);
    two(&mut text, 17, seconds / 3600);
    two(&mut text, 20, seconds / 60 % 60);
    two(&mut text, 23, seconds % 60);
    text
}

fn two(text: &mut [u8; 29], at: usize, value: u64) {
    text[at] = b'0' + (value / 10) as u8;
    text[at + 1] = b'0' + (value % 10) as u8;
}

/// Year, month and day of a number of days since 1970, in the Gregorian calendar. The years begin in March here, so
/// that a leap day is the last of its year.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// The reason phrase of a status, as the registry has it.
pub fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        207 => "Multi-Status",
        208 => "Already Reported",
        226 => "IM Used",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        418 => "I'm a Teapot",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        423 => "Locked",
        424 => "Failed Dependency",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        506 => "Variant Also Negotiates",
        507 => "Insufficient Storage",
        508 => "Loop Detected",
        510 => "Not Extended",
        511 => "Network Authentication Required",
        _ => "",
    }
}

/// `HTTP/1.1 200 OK\r\n`
pub fn status_line(out: &mut Vec<u8>, status: u16) {
    if status == 200 {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        return;
    }
    out.extend_from_slice(b"HTTP/1.1 ");
    number(out, u64::from(status));
    out.push(b' ');
    out.extend_from_slice(reason(status).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// A number in decimal.
pub fn number(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// What is said of a request that never became one: a problem document (RFC 9457).
pub fn refusal_body(refusal: &Refusal) -> String {
    let (status, code) = (refusal.status, refusal.code);
    let limit = if refusal.limit == 0 { String::new() } else { format!(" of {} bytes", refusal.limit) };
    format!(
        "{{\"type\":\"about:blank\",\"title\":\"{}\",\"status\":{status},\"detail\":\"the request was refused: {}{limit} ({})\",\"code\":\"{code}\"}}",
        reason(status),
        refusal.reason,
        refusal.section,
    )
}

/// The answer to such a request: the connection is closed after it.
pub fn refusal(out: &mut Vec<u8>, refusal: &Refusal, date: &[u8]) {
    let status = refusal.status;
    let body = refusal_body(refusal);
    status_line(out, status);
    out.extend_from_slice(
        b"Connection: close\r\nContent-Type: application/problem+json\r\nX-Content-Type-Options: nosniff\r\n",
    );
    if status == 503 {
        out.extend_from_slice(b"Retry-After: 1\r\n");
    }
    out.extend_from_slice(date);
    out.extend_from_slice(b"Content-Length: ");
    number(out, body.len() as u64);
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(body.as_bytes());
}

/// Request identifiers: UUIDs of version 4 (RFC 9562), from the operating system's generator, a batch at a time.
pub struct Ids {
    pool: [u8; 4096],
    used: usize,
}

/// Where each byte of an identifier stands in its text.
const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/// The digits of each byte.
const HEX: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    table
};

/// Characters of an identifier.
pub const ID_LENGTH: usize = 36;

impl Ids {
    pub fn new() -> Self {
        Self { pool: [0; 4096], used: 4096 }
    }

    /// Writes the next identifier; false when the generator failed, and nothing was written.
    pub fn write(&mut self, out: &mut Vec<u8>) -> bool {
        if self.used == self.pool.len() {
            if getrandom::fill(&mut self.pool).is_err() {
                return false;
            }
            self.used = 0;
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.pool[self.used..self.used + 16]);
        self.used += 16;
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let mut text = [b'-'; ID_LENGTH];
        for (byte, at) in bytes.into_iter().zip(PLACES) {
            text[at..at + 2].copy_from_slice(&HEX[usize::from(byte)]);
        }
        out.extend_from_slice(&text);
        true
    }
}

/// For a connection beyond the limit.
pub const OVERLOADED: Refusal = Refusal {
    code: "OVERLOADED",
    limit: 0,
    reason: "there are too many connections",
    section: "RFC 9110, 15.6.4",
    status: 503,
};
