//! How many connections there are, in all and of each address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::inloop::limits::Standing;

pub struct Permits {
    by_address: Mutex<HashMap<IpAddr, u32>>,
    /// Told when a connection ends.
    ended: Notify,
    /// 0 for no limit, both.
    most: u32,
    most_of_address: u32,
    open: AtomicU32,
}

/// Counts a connection for as long as it is held.
pub struct Permit {
    address: Option<IpAddr>,
    permits: Arc<Permits>,
}

/// What a connection has of the limit.
pub struct Held {
    pub permit: Permit,
    pub standing: Standing,
}

impl Permits {
    pub fn new(most: u32, most_of_address: u32) -> Arc<Self> {
        Arc::new(Self {
            by_address: Mutex::default(),
            ended: Notify::new(),
            most,
            most_of_address,
            open: AtomicU32::new(0),
        })
    }

    /// Whether an address has as many connections as it may have.
    pub fn is_full(&self, address: IpAddr) -> bool {
        let counts = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        self.most_of_address > 0 && counts.get(&address).is_some_and(|count| *count >= self.most_of_address)
    }

    pub fn open(&self) -> u32 {
        self.open.load(Ordering::Acquire)
    }

    /// Counts a connection, and says how many there are with it.
    pub fn take(self: &Arc<Self>) -> (Permit, u32) {
        let before = self.open.fetch_add(1, Ordering::AcqRel);
        (Permit { address: None, permits: Arc::clone(self) }, before + 1)
    }

    /// Resolves when there is room for one more.
    pub async fn room(&self) {
        loop {
            let ended = self.ended.notified();
            if self.most == 0 || self.open() < self.most {
                return;
            }
            ended.await;
        }
    }
}

impl Permit {
    /// Counts the connection for an address; false when that has too many with it.
    pub fn count(&mut self, address: IpAddr) -> bool {
        if self.permits.most_of_address == 0 || self.address.is_some() {
            return true;
        }
        let mut counts = self.permits.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        *count += 1;
        self.address = Some(address);
        *count <= self.permits.most_of_address
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(address) = self.address {
            let mut counts = self.permits.by_address.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = counts.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&address);
                }
            }
        }
        self.permits.open.fetch_sub(1, Ordering::AcqRel);
        self.permits.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn counts_what_is_held() {
        let permits = Permits::new(2, 1);
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (mut first, open) = permits.take();
        assert!(!permits.is_full(address));
        assert!(open == 1 && first.count(address));
        assert!(permits.is_full(address));
        let (mut second, open) = permits.take();
        assert!(open == 2 && !second.count(address));
        assert_eq!(permits.take().1, 3);
        drop((first, second));
        assert_eq!(permits.open(), 0);
        assert!(permits.take().0.count(address));
    }
}
