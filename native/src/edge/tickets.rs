//! Session tickets sealed with secrets that are given, so that processes which have the same secrets resume each other's
//! sessions (RFC 5077, RFC 8446 4.6.1).

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use rustls::server::ProducesTickets;

/// By which a ticket tells what it is sealed with.
const NAME: usize = 16;

/// Seconds for which a ticket is good (RFC 8446 allows seven days; this is a working day).
const LIFETIME: u32 = 12 * 3600;

struct Key {
    key: LessSafeKey,
    name: [u8; NAME],
}

/// The first key seals, each opens.
pub struct Tickets(Vec<Key>);

impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "Tickets of {} keys", self.0.len())
    }
}

struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

impl Tickets {
    /// With secrets of any length, of which the keys are made.
    pub fn new(secrets: &[Vec<u8>]) -> Option<Self> {
        let keys: Option<Vec<Key>> = secrets.iter().map(|secret| Key::new(secret)).collect();
        keys.filter(|keys| !keys.is_empty()).map(Self)
    }
}

impl Key {
    fn new(secret: &[u8]) -> Option<Self> {
        let extracted = Salt::new(HKDF_SHA256, b"hotpress session tickets").extract(secret);
        let (mut key, mut name) = ([0; 32], [0; NAME]);
        extracted.expand(&[b"key"], Bytes(32)).ok()?.fill(&mut key).ok()?;
        extracted.expand(&[b"name"], Bytes(NAME)).ok()?.fill(&mut name).ok()?;
        Some(Self { key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).ok()?), name })
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        LIFETIME
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let Key { key, name } = self.0.first()?;
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).ok()?;
        let mut sealed = plain.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name), &mut sealed).ok()?;
        Some([&name[..], &nonce, &sealed].concat())
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (name, rest) = ticket.split_first_chunk::<NAME>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let Key { key, .. } = self.0.iter().find(|key| key.name == *name)?;
        let mut opened = sealed.to_vec();
        let length = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(name), &mut opened).ok()?.len();
        opened.truncate(length);
        Some(opened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_the_secret_opens_what_another_has_sealed() {
        let (old, new) = (vec![1; 32], vec![2; 32]);
        let before = Tickets::new(std::slice::from_ref(&old)).expect("tickets");
        let after = Tickets::new(&[new.clone(), old]).expect("tickets");
        let ticket = before.encrypt(b"session").expect("a ticket");
        assert_ne!(ticket, before.encrypt(b"session").expect("a ticket"));
        assert_eq!(after.decrypt(&ticket).as_deref(), Some(&b"session"[..]));
        let ticket = after.encrypt(b"session").expect("a ticket");
        assert_eq!(before.decrypt(&ticket), None);
        assert!(Tickets::new(&[new]).expect("tickets").decrypt(&ticket).is_some());
    }

    #[test]
    fn what_was_changed_does_not_open() {
        let tickets = Tickets::new(&[vec![1; 32]]).expect("tickets");
        let ticket = tickets.encrypt(b"session").expect("a ticket");
        for at in 0..ticket.len() {
            let mut changed = ticket.clone();
            changed[at] ^= 1;
            assert_eq!(tickets.decrypt(&changed), None);
            assert_eq!(tickets.decrypt(&ticket[..at]), None);
        }
        assert!(Tickets::new(&[]).is_none());
    }
}
