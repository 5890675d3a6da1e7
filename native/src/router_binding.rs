//! The route table as a JavaScript object. `match` runs once for each request, so it is a raw N-API function: a path
//! in, an integer out, parameter offsets through memory that JavaScript reads without a call. A method of a napi-rs
//! class took six times as long.
//!
//! Who owns what: each of the two functions holds the instance and each instance holds the offsets, as the array
//! buffer over them does, whichever lives longest. Neither callback runs JavaScript (their arguments are primitives,
//! which N-API reads without conversion), so neither can be entered again while it runs.
//!
//! Every `env` and `napi_value` here belongs to the call under way, which is all that most N-API functions ask for:
//! only what takes more than that has a SAFETY comment.

use std::cell::{RefCell, UnsafeCell};
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::rc::Rc;
use std::slice;

use napi::bindgen_prelude::Object;
use napi::sys::{self, Status, napi_callback_info, napi_env, napi_value};
use napi::{Env, Result, check_status};

use crate::inloop;
use crate::napi_raw::{Exception, arguments, function, guarded, numbers, set, string};
use crate::router::{MAX_PARAMETERS, Offsets, Router, Walk};

/// UTF-16 units of a path that are read without touching the heap.
const STACK_UNITS: usize = 2048;

/// A route table and where it writes the parameters of a match.
pub struct Instance {
    offsets: Rc<UnsafeCell<Offsets>>,
    router: RefCell<Router>,
    walk: RefCell<Walk>,
}

/// Makes the object that `createRouter` returns.
pub fn create(env: &Env) -> Result<Object<'_>> {
    let offsets = Rc::new(UnsafeCell::new([0; 2 * MAX_PARAMETERS]));
    let instance =
        Rc::new(Instance { offsets: Rc::clone(&offsets), router: RefCell::default(), walk: RefCell::default() });
    let raw = env.raw();
    unsafe {
        let mut object = null_mut();
        check_status!(sys::napi_create_object(raw, &mut object))?;
        set(raw, object, c"insert", function(raw, c"insert", insert, Rc::clone(&instance))?)?;
        set(raw, object, c"match", function(raw, c"match", find, Rc::clone(&instance))?)?;
        set(
            raw,
            object,
            c"createServer",
            function(raw, c"createServer", inloop::binding::create_server, Rc::new(instance))?,
        )?;
        set(raw, object, c"offsets", numbers(raw, offsets)?)?;
        Ok(Object::from_raw(raw, object))
    }
}

unsafe extern "C" fn insert(env: napi_env, info: napi_callback_info) -> napi_value {
    guarded(env, || {
        // SAFETY: `insert` is only ever made by `function`, with an instance as its data.
        let (instance, [shape, id]) = unsafe { arguments::<Instance, _>(env, info) };
        let shape = unsafe { string(env, shape) }.ok_or(Exception::Type("a route shape must be a string"))?;
        let mut id_value = f64::NAN;
        // What is not a number leaves NaN behind, which the next line refuses.
        unsafe { sys::napi_get_value_double(env, id, &mut id_value) };
        if id_value.fract() != 0.0 || !(0.0..=f64::from(i32::MAX)).contains(&id_value) {
            return Err(Exception::Range("a route id must be an integer from 0 to 2147483647"));
        }
        let inserted = instance.router.borrow_mut().insert(&shape, id_value as u32);
        inserted.map_err(|error| Exception::Plain(error.to_string()))?;
        Ok(null_mut())
    })
}

unsafe extern "C" fn find(env: napi_env, info: napi_callback_info) -> napi_value {
    guarded(env, || {
        // SAFETY: `find` is only ever made by `function`, with an instance as its data.
        let (instance, [path]) = unsafe { arguments::<Instance, _>(env, info) };
        let id = unsafe { with_ascii(env, path, |path| instance.find(path)) }?;
        let mut result = null_mut();
        unsafe { sys::napi_create_int32(env, id, &mut result) };
        Ok(result)
    })
}

impl Instance {
    /// The id of the route for a path, or -1.
    pub fn find(&self, path: &[u8]) -> i32 {
        // SAFETY: JavaScript reads the offsets only on this thread and not during this call, and Rust holds no other
        // reference to them.
        let offsets = unsafe { &mut *self.offsets.get() };
        let found = self.router.borrow().find(&mut self.walk.borrow_mut(), path, offsets);
        found.map_or(-1, |found| found.id as i32)
    }

    /// Puts the offsets of a match that was made elsewhere where JavaScript reads them.
    pub fn place(&self, found: &[u32]) {
        // SAFETY: as above.
        let offsets = unsafe { &mut *self.offsets.get() };
        offsets[..found.len()].copy_from_slice(found);
    }

    /// The table as it is now, for other threads.
    pub fn snapshot(&self) -> Router {
        self.router.borrow().clone()
    }
}

/// Calls `use_path` with the bytes of an ASCII string; -1 for any other string, which no shape can match.
///
/// Read as UTF-16 because reading as Latin-1 cuts units to their low byte: U+012F would arrive as a slash.
unsafe fn with_ascii(
    env: napi_env,
    value: napi_value,
    use_path: impl FnOnce(&[u8]) -> i32,
) -> std::result::Result<i32, Exception> {
    let mut units = [const { MaybeUninit::<u16>::uninit() }; STACK_UNITS];
    let mut length = 0;
    // SAFETY: N-API writes at most the number of units that it is told, and says how many in `length`.
    let status =
        unsafe { sys::napi_get_value_string_utf16(env, value, units.as_mut_ptr().cast(), STACK_UNITS, &mut length) };
    if status != Status::napi_ok {
        return Err(Exception::Type("a path must be a string"));
    }
    // One unit is N-API's terminator, so a buffer full but for that one may hold a path cut short.
    if length < STACK_UNITS - 1 {
        let mut bytes = [const { MaybeUninit::<u8>::uninit() }; STACK_UNITS];
        let mut seen = 0;
        for (byte, unit) in bytes.iter_mut().zip(&units[..length]) {
            // SAFETY: N-API wrote the first `length` units.
            let unit = unsafe { unit.assume_init() };
            seen |= unit;
            byte.write(unit as u8);
        }
        // SAFETY: the loop wrote the first `length` bytes.
        let path = unsafe { slice::from_raw_parts(bytes.as_ptr().cast(), length) };
        return Ok(if seen < 0x80 { use_path(path) } else { -1 });
    }
    let path = unsafe { string(env, value) }.ok_or(Exception::Type("a path must be a string"))?;
    Ok(if path.is_ascii() { use_path(path.as_bytes()) } else { -1 })
}
