//! The header of the PROXY protocol: no panic, and once an outcome is reached, whatever follows changes nothing; what is
//! accepted is within its bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "a fuzz target uses a part of it")]
#[path = "../../src/http/proxy.rs"]
mod proxy;

use proxy::{LONGEST, parse};

fuzz_target!(|bytes: &[u8]| {
    let whole = parse(bytes);
    if let Ok(Some(announced)) = whole {
        assert!(announced.length <= bytes.len() && announced.length <= LONGEST);
        let header = &bytes[..announced.length];
        assert!(header.starts_with(b"PROXY ") && header.ends_with(b"\r\n") || header.starts_with(b"\r\n\r\n\0\r\nQUIT\n"));
        // IPv4 in IPv6 is IPv4.
        assert!(announced.address.is_none_or(|address| address == address.to_canonical()));
        assert_eq!(parse(header), whole);
        assert_eq!(parse(&header[..header.len() - 1]), Ok(None));
    }
    for end in 0..bytes.len().min(256) {
        let outcome = parse(&bytes[..end]);
        assert!(outcome == Ok(None) || outcome == whole);
    }
});
