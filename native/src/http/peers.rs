//! Which peers announce whose their connections are. Pure.

use std::net::IpAddr;

/// Blocks of addresses, as JavaScript settles them: 16 bytes of an IPv6 address, IPv4 within it, and how many of its bits
/// count.
#[derive(Clone, Debug, Default)]
pub struct Peers(Vec<(u128, u32)>);

impl Peers {
    /// Reads blocks of 17 bytes each.
    pub fn read(bytes: &[u8]) -> Self {
        let blocks = bytes.chunks_exact(17).map(|block| {
            let (network, bits) = block.split_at(16);
            (network.iter().fold(0, |sum, byte| sum << 8 | u128::from(*byte)), u32::from(bits[0]))
        });
        Self(blocks.collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an address, as the system writes it, is in one of the blocks.
    pub fn has(&self, address: &str) -> bool {
        let bare = address.split('%').next().unwrap_or_default();
        let Ok(address) = bare.parse::<IpAddr>() else { return false };
        // A block of IPv6 addresses has no IPv4 address in it, `::/0` neither.
        let (number, least) = match address.to_canonical() {
            IpAddr::V4(address) => (u128::from(address.to_ipv6_mapped()), 96),
            IpAddr::V6(address) => (u128::from(address), 0),
        };
        self.0.iter().any(|(network, bits)| *bits >= least && (number ^ network).leading_zeros() >= *bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(network: &str, bits: u8) -> Vec<u8> {
        let octets = match network.parse::<IpAddr>().expect("an address") {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        };
        [&octets[..], &[bits]].concat()
    }

    #[test]
    fn has_addresses_of_its_blocks_in_any_spelling() {
        let bytes = [block("10.0.0.0", 96 + 8), block("192.0.2.7", 128), block("2001:db8::", 32)].concat();
        let peers = Peers::read(&bytes);
        for address in ["10.255.0.1", "::ffff:10.1.2.3", "::ffff:a01:203", "192.0.2.7", "2001:db8:ffff::1"] {
            assert!(peers.has(address), "{address}");
        }
        for address in ["11.0.0.1", "192.0.2.6", "::10.0.0.1", "2001:db9::", "fe80::1%eth0", "", "x", "10.0.0.1.1"] {
            assert!(!peers.has(address), "{address}");
        }
    }

    #[test]
    fn the_whole_of_ipv6_has_no_ipv4_in_it() {
        let peers = Peers::read(&block("::", 0));
        assert!(peers.has("2001:db8::1") && peers.has("fe80::1%eth0"));
        assert!(!peers.has("10.0.0.1") && !peers.has("::ffff:10.0.0.1"));
        let peers = Peers::read(&block("0.0.0.0", 96));
        assert!(peers.has("10.0.0.1") && peers.has("::ffff:10.0.0.1") && !peers.has("2001:db8::1"));
    }

    #[test]
    fn without_blocks_is_nobodys() {
        assert!(Peers::read(&[]).is_empty());
        assert!(!Peers::read(&[]).has("127.0.0.1"));
    }
}
