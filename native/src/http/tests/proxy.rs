use std::net::IpAddr;

use super::Random;
use crate::http::proxy::{Announced, LONGEST, Malformed, parse};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fn address(text: &str) -> Option<IpAddr> {
    Some(text.parse().expect("an address"))
}

/// A header of version 2.
fn binary(command: u8, kind: u8, block: &[u8]) -> Vec<u8> {
    let size = (block.len() as u16).to_be_bytes();
    [SIGNATURE, &[command, kind], &size, block].concat()
}

fn ipv4() -> Vec<u8> {
    vec![203, 0, 113, 7, 10, 0, 0, 1, 0x1f, 0x90, 0, 80]
}

fn ipv6(source: &str) -> Vec<u8> {
    let source = source.parse::<std::net::Ipv6Addr>().expect("an address").octets();
    [&source[..], &[0; 16], &[0x1f, 0x90, 0, 80]].concat()
}

fn sound() -> Vec<(Vec<u8>, Option<IpAddr>)> {
    let line = |text: &str| format!("PROXY {text}\r\n").into_bytes();
    let longest = format!("UNKNOWN {}", "x".repeat(107 - 16));
    vec![
        (line("TCP4 203.0.113.7 10.0.0.1 56324 443"), address("203.0.113.7")),
        (line("TCP4 255.255.255.255 255.255.255.255 65535 65535"), address("255.255.255.255")),
        (line("TCP4 203.0.113.7 10.0.0.1 0 0"), address("203.0.113.7")),
        (line("TCP6 2001:DB8::7 ::1 4711 80"), address("2001:db8::7")),
        (line("TCP6 ::ffff:203.0.113.7 ::1 4711 80"), address("203.0.113.7")),
        (line("UNKNOWN"), None),
        (line("UNKNOWN 1.1.1.1 2.2.2.2 1 2 and \u{e9} more"), None),
        (line(&longest), None),
        (binary(0x21, 0x11, &ipv4()), address("203.0.113.7")),
        (binary(0x21, 0x11, &[&ipv4()[..], b"\x01\x00\x02h2\x03\x00\x04abcd"].concat()), address("203.0.113.7")),
        (binary(0x21, 0x21, &ipv6("2001:db8::7")), address("2001:db8::7")),
        (binary(0x21, 0x21, &ipv6("::ffff:203.0.113.7")), address("203.0.113.7")),
        // Whatever is no TCP, the peer's own address stands for.
        (binary(0x21, 0x12, &ipv4()), None),
        (binary(0x21, 0x22, &ipv6("2001:db8::7")), None),
        (binary(0x21, 0x31, &[0x41; 216]), None),
        (binary(0x21, 0x00, &[]), None),
        (binary(0x21, 0x00, b"ignored"), None),
        (binary(0x20, 0x11, &ipv4()), None),
        (binary(0x20, 0x00, &[]), None),
        (binary(0x20, 0xff, b"x"), None),
        (binary(0x21, 0x11, &[&ipv4()[..], &vec![0; LONGEST - 28]].concat()), address("203.0.113.7")),
    ]
}

#[test]
fn a_header_is_read_once_it_is_whole_and_what_follows_is_left() {
    for (header, address) in sound() {
        let shown = String::from_utf8_lossy(&header[..header.len().min(120)]).into_owned();
        for end in 0..header.len() {
            assert_eq!(parse(&header[..end]), Ok(None), "{shown:?} up to {end}");
        }
        let announced = Ok(Some(Announced { address, length: header.len() }));
        assert_eq!(parse(&header), announced, "{shown:?}");
        assert_eq!(parse(&[&header[..], b"GET / HTTP/1.1\r\n"].concat()), announced, "{shown:?}");
    }
}

#[test]
fn what_is_malformed_is_refused() {
    let lines = [
        "PROXY\r\n",
        "PROXY \r\n",
        "proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
        "PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n",
        "PROXY tcp4 1.1.1.1 2.2.2.2 1 2\r\n",
        "PROXY UNKNOWNS\r\n",
        "PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
        "PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2\r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP4 1.1.1.1 ::1 1 2\r\n",
        "PROXY TCP6 1.1.1.1 ::1 1 2\r\n",
        "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
        "PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n",
        "PROXY TCP4 1.1.1.01 2.2.2.2 1 2\r\n",
        "PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n",
        "PROXY TCP4 unknown 2.2.2.2 1 2\r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 1 x\r\n",
        "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\rGET",
        "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "\r\n\r\nGET",
        "\x16\x03\x01",
        " PROXY UNKNOWN\r\n",
    ];
    for line in lines {
        assert_eq!(parse(line.as_bytes()), Err(Malformed), "{line:?}");
    }
    for rest in ["", "\r", "\r\n"] {
        let long = format!("PROXY UNKNOWN {}{rest}", "x".repeat(108 - 14));
        assert_eq!(parse(long.as_bytes()), Err(Malformed), "{rest:?}");
    }
    let longest = format!("PROXY UNKNOWN {}\r\n", "x".repeat(107 - 15));
    assert_eq!(longest.len(), 108);
    assert_eq!(parse(longest.as_bytes()), Err(Malformed));
    for (command, kind, block) in [
        (0x22, 0x11, ipv4()),
        (0x2f, 0x11, ipv4()),
        (0x11, 0x11, ipv4()),
        (0x31, 0x11, ipv4()),
        (0x21, 0x41, ipv4()),
        (0x21, 0x13, ipv4()),
        (0x21, 0xff, ipv4()),
        (0x21, 0x11, ipv4()[..11].to_vec()),
        (0x21, 0x11, vec![]),
        (0x21, 0x12, ipv4()[..11].to_vec()),
        (0x21, 0x21, ipv6("::1")[..35].to_vec()),
        (0x21, 0x31, vec![0; 215]),
        (0x21, 0x11, vec![0; LONGEST - 15]),
        (0x20, 0x00, vec![0; LONGEST - 15]),
    ] {
        assert_eq!(parse(&binary(command, kind, &block)), Err(Malformed), "{command:x} {kind:x} {}", block.len());
    }
}

#[test]
fn what_is_refused_stays_refused_and_what_is_read_stays_as_it_is_whatever_follows() {
    let mut random = Random::new(7);
    let sound = sound();
    for _ in 0..100_000 {
        let mut bytes = sound[random.below(sound.len())].0.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len().min(64));
            bytes[at] = random.below(256) as u8;
        }
        let mut settled = None;
        for end in (0..=bytes.len()).filter(|end| *end < 64 || *end == bytes.len()) {
            let outcome = parse(&bytes[..end]);
            match settled {
                Some(before) => assert_eq!(outcome, before),
                None if outcome != Ok(None) => settled = Some(outcome),
                None => {}
            }
        }
    }
}
