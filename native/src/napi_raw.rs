//! Raw N-API, for what runs once for each request: a method of a napi-rs class took six times as long as a function
//! made here. Such a function has a shared value as its data, and lets go of it when it is collected.
//!
//! Every `env` and `napi_value` belongs to the call under way, which is all that most N-API functions ask for: only what
//! takes more than that has a SAFETY comment.

use std::cell::UnsafeCell;
use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::rc::Rc;

use napi::sys::{self, Status, napi_callback_info, napi_env, napi_value};
use napi::{Result, check_status};

/// A JavaScript exception that is still to be thrown.
pub enum Exception {
    Plain(String),
    Range(&'static str),
    Type(&'static str),
}

pub type Callback = unsafe extern "C" fn(napi_env, napi_callback_info) -> napi_value;

/// A string of any length, as UTF-8; `None` when the value is not a string.
///
/// # Safety
/// The value belongs to the call under way.
pub unsafe fn string(env: napi_env, value: napi_value) -> Option<String> {
    let mut length = 0;
    // SAFETY: without a buffer N-API only counts; with one it writes at most the size that it is told.
    unsafe {
        if sys::napi_get_value_string_utf8(env, value, null_mut(), 0, &mut length) != Status::napi_ok {
            return None;
        }
        let mut bytes = vec![0; length + 1];
        sys::napi_get_value_string_utf8(env, value, bytes.as_mut_ptr().cast(), bytes.len(), &mut length);
        bytes.truncate(length);
        String::from_utf8(bytes).ok()
    }
}

/// The data of the running function, and its first `N` arguments (undefined where there are fewer).
///
/// # Safety
/// The function was made by [`function`] with data of this type.
pub unsafe fn arguments<'a, T, const N: usize>(env: napi_env, info: napi_callback_info) -> (&'a T, [napi_value; N]) {
    let mut values = [null_mut(); N];
    let mut count = N;
    let mut data = null_mut();
    // SAFETY: the function is alive while it runs, so its finalizer has not run and the data is there.
    unsafe {
        sys::napi_get_cb_info(env, info, &mut count, values.as_mut_ptr(), null_mut(), &mut data);
        (&*data.cast::<T>(), values)
    }
}

/// Runs the body of a callback; an exception or a panic in it becomes a JavaScript exception.
pub fn guarded(env: napi_env, body: impl FnOnce() -> std::result::Result<napi_value, Exception>) -> napi_value {
    let outcome = catch_unwind(AssertUnwindSafe(body));
    let exception = match outcome {
        Ok(Ok(value)) => return value,
        Ok(Err(exception)) => exception,
        Err(_) => Exception::Plain("panic in the native core".into()),
    };
    unsafe { throw(env, exception) };
    null_mut()
}

unsafe fn throw(env: napi_env, exception: Exception) {
    let (make, text): (unsafe fn(_, _, _, _) -> _, &str) = match &exception {
        Exception::Plain(text) => (sys::napi_create_error, text),
        Exception::Range(text) => (sys::napi_create_range_error, text),
        Exception::Type(text) => (sys::napi_create_type_error, text),
    };
    let (mut message, mut error) = (null_mut(), null_mut());
    unsafe {
        sys::napi_create_string_utf8(env, text.as_ptr().cast(), text.len() as isize, &mut message);
        make(env, null_mut(), message, &mut error);
        sys::napi_throw(env, error);
    }
}

pub unsafe fn set(env: napi_env, object: napi_value, name: &CStr, value: napi_value) -> Result<()> {
    check_status!(unsafe { sys::napi_set_named_property(env, object, name.as_ptr(), value) })
}

/// A function with a share of `data`, which is let go of when the function is collected.
pub unsafe fn function<T>(env: napi_env, name: &CStr, callback: Callback, data: Rc<T>) -> Result<napi_value> {
    let data = Rc::into_raw(data).cast_mut().cast();
    let mut value = null_mut();
    unsafe {
        let length = name.count_bytes() as isize;
        check_status!(sys::napi_create_function(env, name.as_ptr(), length, Some(callback), data, &mut value))?;
        check_status!(sys::napi_add_finalizer(env, value, data, Some(release::<T>), null_mut(), null_mut()))?;
    }
    Ok(value)
}

/// Numbers as a `Uint32Array` that JavaScript and Rust both use. External memory, since a buffer of V8's own could be
/// detached and freed while Rust still writes to it.
///
/// # Safety
/// As for the other functions here.
pub unsafe fn numbers<const N: usize>(env: napi_env, numbers: Rc<UnsafeCell<[u32; N]>>) -> Result<napi_value> {
    let data = Rc::into_raw(numbers).cast_mut().cast();
    let (mut buffer, mut array) = (null_mut(), null_mut());
    let finalize = Some(release::<UnsafeCell<[u32; N]>> as _);
    unsafe {
        let size = size_of::<[u32; N]>();
        check_status!(sys::napi_create_external_arraybuffer(env, data, size, finalize, null_mut(), &mut buffer))?;
        check_status!(sys::napi_create_typedarray(env, sys::TypedarrayType::uint32_array, N, buffer, 0, &mut array))?;
    }
    Ok(array)
}

/// The finalizer of a value that was given an `Rc<T>` by `Rc::into_raw`.
pub unsafe extern "C" fn release<T>(_env: napi_env, data: *mut c_void, _hint: *mut c_void) {
    drop(unsafe { Rc::from_raw(data.cast::<T>()) });
}
