//! Requests of the edge that are with JavaScript, each by the slot and the serial that it knows them by.

use std::cell::RefCell;
use std::sync::Arc;

use super::exchange::Exchange;
use crate::http::parse::Head;

/// Slots of the edge's requests have this bit; those of the loop's own connections never come so far.
pub const EDGE: u32 = 1 << 30;

/// A request that JavaScript has not answered.
struct Entry {
    exchange: Arc<Exchange>,
    /// Its head, and what that has its offsets into; gone while the request's callback runs, which has them.
    head: Option<Box<(Vec<u8>, Head)>>,
    serial: u32,
}

#[derive(Default)]
pub struct Entries {
    free: RefCell<Vec<u32>>,
    slots: RefCell<Vec<Option<Entry>>>,
}

impl Entries {
    pub fn clear(&self) {
        self.free.borrow_mut().clear();
        self.slots.borrow_mut().clear();
    }

    pub fn exchange(&self, slot: u32, serial: u32) -> Option<Arc<Exchange>> {
        let slots = self.slots.borrow();
        let entry = slots.get((slot & !EDGE) as usize)?.as_ref()?;
        (entry.serial == serial).then(|| Arc::clone(&entry.exchange))
    }

    /// Leaves the head of a request where it can be read while the request goes on; lets go of it where it does not.
    pub fn keep(&self, slot: u32, serial: u32, lines: Vec<u8>, head: Head) {
        if let Some(Some(entry)) = self.slots.borrow_mut().get_mut((slot & !EDGE) as usize)
            && entry.serial == serial
        {
            entry.head = Some(Box::new((lines, head)));
        }
    }

    pub fn release(&self, slot: u32) {
        let index = slot & !EDGE;
        if let Some(entry) = self.slots.borrow_mut().get_mut(index as usize)
            && entry.take().is_some()
        {
            self.free.borrow_mut().push(index);
        }
    }

    /// Gives a request its slot.
    pub fn take(&self, exchange: Arc<Exchange>, serial: u32) -> u32 {
        let entry = Some(Entry { exchange, head: None, serial });
        let mut slots = self.slots.borrow_mut();
        let index = match self.free.borrow_mut().pop() {
            Some(index) => {
                slots[index as usize] = entry;
                index
            }
            None => {
                slots.push(entry);
                slots.len() as u32 - 1
            }
        };
        index | EDGE
    }

    /// Reads from the head of a request that goes on; `None` when it has been answered.
    pub fn with_head<R>(&self, slot: u32, serial: u32, read: impl FnOnce(&[u8], &Head) -> R) -> Option<R> {
        let slots = self.slots.borrow();
        let entry = slots.get((slot & !EDGE) as usize)?.as_ref()?;
        let (bytes, head) = &**entry.head.as_ref()?;
        (entry.serial == serial).then(|| read(bytes, head))
    }
}
