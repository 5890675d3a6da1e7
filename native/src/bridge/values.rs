//! Values of JavaScript as those of Rust. What is no such value leaves nothing behind: the callers are our own.

use std::ptr::null_mut;

use napi::sys::{self, Status, napi_env, napi_value};

/// Flags of an answer. `src/transports/native-control.ts` has the same list.
pub mod flag {
    /// The connection is closed after it.
    pub const CLOSE: u32 = 1;
    /// To a HEAD: the length of the body is told, and the body not sent.
    pub const HEAD: u32 = 2;
    /// The status has neither content nor a length.
    pub const BODILESS: u32 = 4;
    /// The lines that are given have the default headers among them.
    pub const COMPLETE: u32 = 8;
    /// The lines that are given have the request's id among them.
    pub const HAS_ID: u32 = 16;
    /// The body is to be compressed, and `Content-Encoding` is among the lines: 1 by brotli, 2 by gzip, 3 by zstd, times
    /// 256.
    pub const CODING: u32 = 15 << 8;
    /// At which level, times 4096.
    pub const LEVEL: u32 = 31 << 12;
    /// It is to be in this coding even where that is no smaller: the client takes no other.
    pub const CODED_ALWAYS: u32 = 1 << 20;
    /// No route has answered, whatever matched.
    pub const UNROUTED: u32 = 1 << 21;
}

#[derive(Clone, Copy)]
pub enum Body<'a> {
    Bytes(&'a [u8]),
    None,
    /// And how long it is, in units of UTF-16.
    String(napi_value, usize),
}

/// A whole answer, as JavaScript gives it.
pub struct Answer<'a> {
    pub body: Body<'a>,
    pub flags: u32,
    /// Header lines, each with its CRLF.
    pub head: &'a [u8],
    /// And the index of the content type, times 65,536.
    pub status: u32,
}

pub fn integer(env: napi_env, value: napi_value) -> u32 {
    let mut number = 0;
    // SAFETY: what is no number leaves 0 behind.
    unsafe { sys::napi_get_value_uint32(env, value, &mut number) };
    number
}

pub fn float(env: napi_env, value: napi_value) -> f64 {
    let mut number = 0.0;
    // SAFETY: as above.
    unsafe { sys::napi_get_value_double(env, value, &mut number) };
    number
}

pub fn is_true(env: napi_env, value: napi_value) -> bool {
    let mut truth = false;
    // SAFETY: what is no boolean leaves false behind.
    unsafe { sys::napi_get_value_bool(env, value, &mut truth) };
    truth
}

pub fn boolean(env: napi_env, value: bool) -> napi_value {
    let mut made = null_mut();
    // SAFETY: makes a value.
    unsafe { sys::napi_get_boolean(env, value, &mut made) };
    made
}

pub fn null(env: napi_env) -> napi_value {
    let mut made = null_mut();
    // SAFETY: makes a value.
    unsafe { sys::napi_get_null(env, &mut made) };
    made
}

/// The memory of a typed array. It is valid while no JavaScript runs.
pub fn bytes<'a>(env: napi_env, value: napi_value) -> Option<&'a [u8]> {
    let (mut kind, mut length, mut data, mut buffer, mut offset) = (0, 0, null_mut(), null_mut(), 0);
    // SAFETY: the value belongs to the call under way; the length is in elements, and only bytes are taken.
    unsafe {
        let status =
            sys::napi_get_typedarray_info(env, value, &mut kind, &mut length, &mut data, &mut buffer, &mut offset);
        let is_bytes = kind == sys::TypedarrayType::uint8_array || kind == sys::TypedarrayType::uint8_clamped_array;
        if status != Status::napi_ok || !is_bytes {
            return None;
        }
        Some(if length == 0 { &[] } else { std::slice::from_raw_parts(data.cast(), length) })
    }
}

/// The same, to be written to.
pub fn room<'a>(env: napi_env, value: napi_value) -> Option<&'a mut [u8]> {
    let bytes = bytes(env, value)?;
    // SAFETY: no JavaScript runs, and nobody else has the slice: it was made just now, of memory that is not ours.
    Some(unsafe { std::slice::from_raw_parts_mut(bytes.as_ptr().cast_mut(), bytes.len()) })
}

/// A text of so many units, bytes or nothing.
pub fn body_of<'a>(env: napi_env, value: napi_value, units: usize) -> Body<'a> {
    let mut kind = 0;
    // SAFETY: asks for the type of a value of this call.
    unsafe { sys::napi_typeof(env, value, &mut kind) };
    if kind == sys::ValueType::napi_string {
        return Body::String(value, units);
    }
    bytes(env, value).map_or(Body::None, Body::Bytes)
}

/// Header lines are Latin-1, one byte a unit.
pub fn lines(env: napi_env, value: napi_value) -> Vec<u8> {
    let mut length = 0;
    // SAFETY: without a buffer N-API only counts; with one it writes at most what it is told, and a terminator.
    unsafe {
        if sys::napi_get_value_string_latin1(env, value, null_mut(), 0, &mut length) != Status::napi_ok {
            return Vec::new();
        }
        let mut text = vec![0_u8; length + 1];
        sys::napi_get_value_string_latin1(env, value, text.as_mut_ptr().cast(), text.len(), &mut length);
        text.truncate(length);
        text
    }
}
