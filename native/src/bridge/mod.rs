//! The way between the native transport's engines and JavaScript: what both share by memory (`control`), the calls out
//! (`handover`, `told`), values of JavaScript as those of Rust (`values`), and the answers that need no JavaScript (`fixed`).

pub mod control;
pub mod fixed;
pub mod handover;
pub mod told;
pub mod values;
