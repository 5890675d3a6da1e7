//! What JavaScript sees of the codecs. `src/native/types.ts` has the types.
//!
//! A body is taken before a call returns. A string is copied as the UTF-16 that every string can be read as, which is
//! one pass, and becomes UTF-8 on the pool: V8 can let go of the string at once, however long the body waits; bytes are copied, since their buffer may be written to or transferred while
//! the pool reads it, and a copy is a hundredth of the work that follows.

use std::ptr::null_mut;
use std::rc::Rc;
use std::slice;

use napi::bindgen_prelude::Object;
use napi::sys::{self, Status, TypedarrayType, napi_callback_info, napi_env, napi_value};
use napi::{Env, Result, check_status};

use super::body::{self, Body};
use super::job::{Coding, Job, Work};
use super::task::Tasks;
use crate::napi_raw::{Exception, arguments, function, guarded, set};

type Outcome<T> = std::result::Result<T, Exception>;

/// Makes the object that `createCodec` returns.
pub fn create(env: &Env, workers: u32) -> Result<Object<'_>> {
    let raw = env.raw();
    let tasks = Rc::new(Tasks::new(raw, workers.max(1) as usize)?);
    unsafe {
        let mut object = null_mut();
        check_status!(sys::napi_create_object(raw, &mut object))?;
        set(raw, object, c"cancel", function(raw, c"cancel", cancel, Rc::clone(&tasks))?)?;
        set(raw, object, c"compress", function(raw, c"compress", compress, Rc::clone(&tasks))?)?;
        set(raw, object, c"decompress", function(raw, c"decompress", decompress, tasks)?)?;
        Ok(Object::from_raw(raw, object))
    }
}

/// `cancel(ticket)`: whether a task that had not begun was taken out.
unsafe extern "C" fn cancel(env: napi_env, info: napi_callback_info) -> napi_value {
    guarded(env, || {
        // SAFETY: `create` makes this function, with this data.
        let (tasks, [ticket]) = unsafe { arguments::<Tasks, 1>(env, info) };
        let ticket = ticket_of(env, ticket);
        let is_cancelled = ticket != 0 && tasks.cancel(env, ticket);
        let mut value = null_mut();
        unsafe { sys::napi_get_boolean(env, is_cancelled, &mut value) };
        Ok(value)
    })
}

/// `compress(body, coding, level, ticket)`: 0 is br, 1 gzip, 2 zstd; a ticket above 0 is for `cancel`.
unsafe extern "C" fn compress(env: napi_env, info: napi_callback_info) -> napi_value {
    guarded(env, || {
        // SAFETY: `create` makes this function, with this data.
        let (tasks, [body, coding, level, ticket]) = unsafe { arguments::<Tasks, 4>(env, info) };
        let coding = match number(env, coding) {
            Some(0.0) => Coding::Brotli,
            Some(1.0) => Coding::Gzip,
            Some(2.0) => Coding::Zstd,
            _ => return Err(Exception::Range("a coding is 0 for br, 1 for gzip or 2 for zstd")),
        };
        let range = match coding {
            Coding::Brotli => 0.0..=11.0,
            Coding::Gzip => 1.0..=9.0,
            // Above 19 the window is larger than a client need have (RFC 9659).
            Coding::Zstd => 1.0..=19.0,
        };
        let level = number(env, level).filter(|level| range.contains(level) && level.fract() == 0.0);
        let level =
            level.ok_or(Exception::Range("a level is a whole number: br 0 to 11, gzip 1 to 9, zstd 1 to 19"))?;
        start(env, tasks, body, Work::Compress { coding, level: level as u32 }, ticket_of(env, ticket))
    })
}

/// `decompress(body, limit)`, of zstd.
unsafe extern "C" fn decompress(env: napi_env, info: napi_callback_info) -> napi_value {
    guarded(env, || {
        // SAFETY: `create` makes this function, with this data.
        let (tasks, [body, limit]) = unsafe { arguments::<Tasks, 2>(env, info) };
        let limit = number(env, limit).filter(|limit| *limit >= 0.0);
        let limit = limit.ok_or(Exception::Range("a limit is a number of bytes"))?;
        // Infinity and what else is beyond becomes the largest number.
        start(env, tasks, body, Work::Decompress { limit: limit as usize }, 0)
    })
}

fn start(env: napi_env, tasks: &Tasks, body: napi_value, work: Work, ticket: u32) -> Outcome<napi_value> {
    let body = unsafe { read(env, body) }?;
    tasks.add(env, Job { body, work }, ticket).map_err(|error| Exception::Plain(error.reason.clone()))
}

/// 0 for what is no ticket.
fn ticket_of(env: napi_env, value: napi_value) -> u32 {
    number(env, value).map_or(0, |ticket| ticket as u32)
}

fn number(env: napi_env, value: napi_value) -> Option<f64> {
    let mut number = 0.0;
    (unsafe { sys::napi_get_value_double(env, value, &mut number) } == Status::napi_ok).then_some(number)
}

/// Copies a body.
unsafe fn read(env: napi_env, value: napi_value) -> Outcome<Body> {
    unsafe {
        let mut length = 0;
        if sys::napi_get_value_string_utf16(env, value, null_mut(), 0, &mut length) == Status::napi_ok {
            let mut units = body::units();
            // One more, for the terminator that N-API writes.
            units.reserve(length + 1);
            // SAFETY: N-API writes at most the units that it is told, for which there is room, and says how many.
            sys::napi_get_value_string_utf16(env, value, units.as_mut_ptr().cast(), length + 1, &mut length);
            units.set_len(length);
            return Ok(Body::Text(units));
        }
        let (mut kind, mut data) = (0, null_mut());
        let status =
            sys::napi_get_typedarray_info(env, value, &mut kind, &mut length, &mut data, null_mut(), null_mut());
        if status != Status::napi_ok || kind != TypedarrayType::uint8_array {
            return Err(Exception::Type("a body is a string or a Uint8Array"));
        }
        if length == 0 || data.is_null() {
            return Ok(Body::Bytes(Vec::new()));
        }
        // SAFETY: this many bytes are there, and no JavaScript runs meanwhile.
        Ok(Body::Bytes(slice::from_raw_parts(data.cast::<u8>(), length).to_vec()))
    }
}
