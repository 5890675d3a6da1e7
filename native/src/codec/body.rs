//! A body on its way to the pool. The memory of texts is used again: each takes as much as the body, and fresh pages
//! from the system cost more than the copy into them.

use std::mem;
use std::sync::{Mutex, PoisonError};

/// How many are kept that nobody uses.
const MOST_SPARE: usize = 16;

/// Units above which memory is not kept: larger bodies are rare, and slow enough not to miss it.
const LARGEST_KEPT: usize = 1 << 19;

pub enum Body {
    Bytes(Vec<u8>),
    /// As JavaScript holds it.
    Text(Vec<u16>),
}

static SPARE: Mutex<Vec<Vec<u16>>> = Mutex::new(Vec::new());

/// Memory for a text, empty.
pub fn units() -> Vec<u16> {
    SPARE.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
}

impl Body {
    /// Bytes, or units of text.
    pub fn len(&self) -> usize {
        match self {
            Body::Bytes(bytes) => bytes.len(),
            Body::Text(units) => units.len(),
        }
    }

    /// Gives its memory back, for another.
    pub fn give(self) {
        let Body::Text(mut units) = self else { return };
        if units.capacity() > LARGEST_KEPT {
            return;
        }
        units.clear();
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < MOST_SPARE {
            spare.push(units);
        } else {
            // What is freed is not to be freed under the lock.
            mem::drop(spare);
        }
    }
}
