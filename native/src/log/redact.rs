//! Credentials in queries: `src/observability/access-log/redact.ts` does the same.

use std::borrow::Cow;
use std::collections::HashSet;

/// What stands in place of what is not to be told.
pub const REDACTED: &[u8] = b"[redacted]";

/// A query string, without the values of these keys, which are in lower case.
pub fn query<'a>(query: &'a [u8], keys: &HashSet<String>) -> Cow<'a, [u8]> {
    let mut out = Vec::new();
    let mut copied = 0;
    let mut start = 0;
    while start < query.len() {
        let end = memchr::memchr2(b'&', b';', &query[start..]).map_or(query.len(), |at| start + at);
        if let Some(equals) = memchr::memchr(b'=', &query[start..end])
            && keys.contains(&*name_of(&query[start..start + equals]))
        {
            out.extend_from_slice(&query[copied..=start + equals]);
            out.extend_from_slice(REDACTED);
            copied = end;
        }
        start = end + 1;
    }
    if copied == 0 {
        return Cow::Borrowed(query);
    }
    out.extend_from_slice(&query[copied..]);
    Cow::Owned(out)
}

/// A URL, without those in its query and its fragment.
pub fn url<'a>(url: &'a [u8], keys: &HashSet<String>) -> Cow<'a, [u8]> {
    let Some(mark) = memchr::memchr2(b'?', b'#', url) else { return Cow::Borrowed(url) };
    let mut out = url[..mark].to_vec();
    let mut rest = &url[mark..];
    while let Some((sign, after)) = rest.split_first() {
        let end = memchr::memchr2(b'?', b'#', after).unwrap_or(after.len());
        out.push(*sign);
        out.extend_from_slice(&query(&after[..end], keys));
        rest = &after[end..];
    }
    Cow::Owned(out)
}

/// `token`, and `token[]` and `token[a]` as parsers of forms know it. The bytes are Latin-1.
fn name_of(key: &[u8]) -> String {
    let plain: String = key.iter().map(|&byte| if byte == b'+' { ' ' } else { char::from(byte) }).collect();
    // Malformed escapes stand for themselves.
    let name = if plain.contains('%') { decoded(&plain).unwrap_or(plain) } else { plain };
    let name = name.split('[').next().unwrap_or_default();
    // What JavaScript trims, which is not quite what Rust does.
    let is_space = |character: char| (character.is_whitespace() && character != '\u{85}') || character == '\u{feff}';
    name.trim_matches(is_space).to_lowercase()
}

/// As `decodeURIComponent` does it.
fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        out.push((digit(0)? * 16 + digit(1)?) as u8);
        rest = &after[2..];
    }
    String::from_utf8(out).ok()
}
