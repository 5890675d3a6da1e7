//! What JavaScript sees of the native core. Only exports and the conversion of their arguments stand here; one task
//! is one file, and what a task computes touches no JavaScript. `src/native/binding.ts` has the types.

mod bridge;
mod codec;
mod edge;
mod http;
mod inloop;
mod log;
mod napi_raw;
mod queue;
mod router;
mod router_binding;
mod sockets;

use napi::{Env, Result, bindgen_prelude::Object};
use napi_derive::napi;

/// The hash of the sources this was built from; scripts/check-native.mjs compares it with the tree.
#[napi]
pub fn version() -> &'static str {
    env!("HOTPRESS_CONTENT_HASH")
}

/// A socket of TCP that is bound to an IP address and a port which others may bind too, and does not listen yet: its
/// descriptor, which is the caller's to close.
#[napi]
pub fn bind_shared(host: String, port: u32) -> Result<i32> {
    #[cfg(unix)]
    {
        use std::os::fd::IntoRawFd;
        let fail = |reason: &dyn std::fmt::Display| napi::Error::from_reason(format!("{host}:{port}: {reason}"));
        let address = host.parse().map_err(|error: std::net::AddrParseError| fail(&error))?;
        let port = u16::try_from(port).map_err(|error| fail(&error))?;
        Ok(queue::bound(std::net::SocketAddr::new(address, port)).map_err(|error| fail(&error))?.into_raw_fd())
    }
    #[cfg(windows)]
    Err(napi::Error::from_reason(format!("{host}:{port}: Windows shares no ports")))
}

/// Compression on the thread pool, by so many workers: `{ cancel(ticket), compress(body, coding, level, ticket),
/// decompress(body, limit) }`.
#[napi]
pub fn create_codec(env: &Env, workers: u32) -> Result<Object<'_>> {
    codec::create(env, workers)
}

/// Sets the receive buffers of what listens on a port, in bytes; says whether it could.
#[napi]
pub fn limit_receive_buffers(port: u16, bytes: u32) -> bool {
    sockets::limit_receive_buffers(port, bytes)
}

/// An empty route table: `{ insert(shape, id), match(path), offsets }`.
#[napi]
pub fn create_router(env: &Env) -> Result<Object<'_>> {
    router_binding::create(env)
}
