//! A job on its way to libuv's thread pool and back, as a promise.
//!
//! Every `env` and `napi_value` belongs to the call under way. When an environment ends, Node waits for the work that
//! it has queued and then completes it, as one that can no longer run JavaScript: calls fail then, and are let fail,
//! and the memory is given back all the same.

use std::ffi::c_void;
use std::ptr::{null_mut, slice_from_raw_parts_mut};

use napi::sys::{self, Status, napi_async_work, napi_deferred, napi_env, napi_status, napi_value};
use napi::{Result, check_status};

use super::job::{Failure, Job};

/// Bytes up to which a result is copied into a buffer of JavaScript's own: that costs less than to hand over memory,
/// with what is needed to take it back.
const LARGEST_COPIED: usize = 2048;

struct Task {
    deferred: napi_deferred,
    job: Job,
    work: napi_async_work,
}

/// Queues a job; the promise gives a Buffer, or is rejected with an error whose `code` says what kind it is.
pub fn queue(env: napi_env, job: Job) -> Result<napi_value> {
    let (mut deferred, mut promise, mut name) = (null_mut(), null_mut(), null_mut());
    let task = Box::into_raw(Box::new(Task { deferred: null_mut(), job, work: null_mut() }));
    // SAFETY: until it is queued the task is ours alone, and it is freed here where it never is. From then on it is
    // the pool's until `execute` returns, and then this thread's again, in `complete`.
    unsafe {
        let prepared = (|| {
            check_status!(sys::napi_create_promise(env, &mut deferred, &mut promise))?;
            (*task).deferred = deferred;
            check_status!(sys::napi_create_string_utf8(env, c"hotpress.codec".as_ptr(), 14, &mut name))?;
            check_status!(sys::napi_create_async_work(
                env,
                null_mut(),
                name,
                Some(execute),
                Some(complete),
                task.cast(),
                &raw mut (*task).work
            ))?;
            check_status!(sys::napi_queue_async_work(env, (*task).work))
        })();
        if let Err(error) = prepared {
            if !(*task).work.is_null() {
                sys::napi_delete_async_work(env, (*task).work);
            }
            drop(Box::from_raw(task));
            return Err(error);
        }
    }
    Ok(promise)
}

unsafe extern "C" fn execute(_env: napi_env, data: *mut c_void) {
    // SAFETY: see `queue`.
    unsafe { (*data.cast::<Task>()).job.run() };
}

unsafe extern "C" fn complete(env: napi_env, _status: napi_status, data: *mut c_void) {
    // SAFETY: see `queue`; this is called once.
    let task = unsafe { Box::from_raw(data.cast::<Task>()) };
    let Task { deferred, job, work } = *task;
    unsafe {
        sys::napi_delete_async_work(env, work);
        match job.outcome.and_then(|bytes| buffer(env, bytes).ok_or(Failure::Broken)) {
            Ok(value) => sys::napi_resolve_deferred(env, deferred, value),
            Err(failure) => sys::napi_reject_deferred(env, deferred, error(env, &failure)),
        };
    }
}

/// Bytes as a Buffer, without a copy where the host allows it (Electron does not).
unsafe fn buffer(env: napi_env, bytes: Box<[u8]>) -> Option<napi_value> {
    let mut value = null_mut();
    let length = bytes.len();
    unsafe {
        if length > LARGEST_COPIED {
            let data = Box::into_raw(bytes);
            // The length comes with the call as a hint, which is a pointer in name only.
            let hint = length as *mut c_void;
            let status = sys::napi_create_external_buffer(env, length, data.cast(), Some(free), hint, &mut value);
            if status == Status::napi_ok {
                return Some(value);
            }
            return copy(env, &Box::from_raw(data));
        }
        copy(env, &bytes)
    }
}

unsafe fn copy(env: napi_env, bytes: &[u8]) -> Option<napi_value> {
    let mut value = null_mut();
    let status =
        unsafe { sys::napi_create_buffer_copy(env, bytes.len(), bytes.as_ptr().cast(), null_mut(), &mut value) };
    (status == Status::napi_ok).then_some(value)
}

unsafe extern "C" fn free(_env: napi_env, data: *mut c_void, hint: *mut c_void) {
    // SAFETY: `buffer` gave this pointer and this length out, of a box.
    drop(unsafe { Box::from_raw(slice_from_raw_parts_mut(data.cast::<u8>(), hint as usize)) });
}

unsafe fn error(env: napi_env, failure: &Failure) -> napi_value {
    let (code, text) = match failure {
        Failure::Broken => ("BROKEN", "the codec failed"),
        Failure::Malformed => ("MALFORMED", "the data is malformed or cut short"),
        Failure::TooLarge => ("TOO_LARGE", "the data is larger than the limit once it is decoded"),
    };
    let (mut code_value, mut message, mut error) = (null_mut(), null_mut(), null_mut());
    unsafe {
        sys::napi_create_string_utf8(env, code.as_ptr().cast(), code.len() as isize, &mut code_value);
        sys::napi_create_string_utf8(env, text.as_ptr().cast(), text.len() as isize, &mut message);
        sys::napi_create_error(env, code_value, message, &mut error);
    }
    error
}
