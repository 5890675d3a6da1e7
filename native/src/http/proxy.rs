//! The header of the PROXY protocol, versions 1 and 2, with which a proxy says at the beginning of a connection whose it
//! is (haproxy's proxy-protocol.txt). `src/transports/proxy-header.ts` reads the same. Pure: bytes in, an address out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The most that a header of version 1 may have, its CRLF included.
const LONGEST_LINE: usize = 107;

/// The most that a header of version 2 may have here: the addresses and some KB of what may follow them.
pub const LONGEST: usize = 8192;

const LINE: &[u8] = b"PROXY ";
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Announced {
    /// Whose connection it is, IPv4 in IPv6 as IPv4; `None` where that is the proxy's own.
    pub address: Option<IpAddr>,
    /// The header's own, in bytes.
    pub length: usize,
}

/// No connection of a proxy begins like this.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Malformed;

/// Reads the header at the beginning of `bytes`; `None` when more of it must come.
pub fn parse(bytes: &[u8]) -> Result<Option<Announced>, Malformed> {
    if begins(bytes, LINE) {
        return line(bytes);
    }
    if begins(bytes, SIGNATURE) {
        return binary(bytes);
    }
    Err(Malformed)
}

/// Whether `bytes` begin with `start`, or may yet.
fn begins(bytes: &[u8], start: &[u8]) -> bool {
    let both = bytes.len().min(start.len());
    bytes[..both] == start[..both]
}

fn line(bytes: &[u8]) -> Result<Option<Announced>, Malformed> {
    let most = bytes.len().min(LONGEST_LINE);
    let Some(end) = memchr::memchr(b'\r', &bytes[..most]) else {
        return if bytes.len() < LONGEST_LINE { Ok(None) } else { Err(Malformed) };
    };
    match bytes.get(end + 1) {
        None if end + 1 < LONGEST_LINE => return Ok(None),
        Some(b'\n') if end + 2 <= LONGEST_LINE => {}
        _ => return Err(Malformed),
    }
    let text = String::from_utf8_lossy(bytes.get(LINE.len()..end).ok_or(Malformed)?);
    let mut words = text.split(' ');
    let address = match words.next() {
        // What follows is to be ignored.
        Some("UNKNOWN") => None,
        Some("TCP4") => Some(announced(words, |word| word.parse::<Ipv4Addr>().ok().map(IpAddr::V4))?),
        Some("TCP6") => Some(announced(words, |word| word.parse::<Ipv6Addr>().ok().map(IpAddr::V6))?),
        _ => return Err(Malformed),
    };
    Ok(Some(Announced { address, length: end + 2 }))
}

/// The first of two addresses with their ports.
fn announced<'a>(
    words: impl Iterator<Item = &'a str>,
    read: impl Fn(&str) -> Option<IpAddr>,
) -> Result<IpAddr, Malformed> {
    let words: Vec<&str> = words.take(5).collect();
    let [source, destination, from, to] = words[..] else { return Err(Malformed) };
    if read(destination).is_none() || !is_port(from) || !is_port(to) {
        return Err(Malformed);
    }
    read(source).map(|address| address.to_canonical()).ok_or(Malformed)
}

fn is_port(text: &str) -> bool {
    let is_number = !text.is_empty() && text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number && (text == "0" || !text.starts_with('0')) && text.parse::<u32>().is_ok_and(|port| port <= 65_535)
}

fn binary(bytes: &[u8]) -> Result<Option<Announced>, Malformed> {
    let after = &bytes[SIGNATURE.len().min(bytes.len())..];
    let Some(&command) = after.first() else { return Ok(None) };
    if !matches!(command, 0x20 | 0x21) {
        return Err(Malformed);
    }
    let Some(&kind) = after.get(1) else { return Ok(None) };
    let is_local = command == 0x20;
    // An address family and a way of transport; of a connection of the proxy's own they say nothing.
    if !is_local && (kind >> 4 > 3 || kind & 15 > 2) {
        return Err(Malformed);
    }
    let &[_, _, high, low, ref rest @ ..] = after else { return Ok(None) };
    let size = usize::from(u16::from_be_bytes([high, low]));
    let length = SIGNATURE.len() + 4 + size;
    // Bytes of both addresses and ports.
    let least = match kind {
        _ if is_local => 0,
        0x11 | 0x12 => 12,
        0x21 | 0x22 => 36,
        0x31 | 0x32 => 216,
        _ => 0,
    };
    if size < least || length > LONGEST {
        return Err(Malformed);
    }
    let Some(block) = rest.get(..size) else { return Ok(None) };
    let address = match kind {
        _ if is_local => None,
        0x11 => block.first_chunk::<4>().map(|octets| IpAddr::V4(Ipv4Addr::from(*octets))),
        0x21 => block.first_chunk::<16>().map(|octets| IpAddr::V6(Ipv6Addr::from(*octets)).to_canonical()),
        _ => None,
    };
    Ok(Some(Announced { address, length }))
}
