//! The way to libuv's thread pool and back: workers as async work, outcomes as promises.
//!
//! Every `env` and `napi_value` belongs to the call under way. When an environment ends, Node waits for the work that
//! it has queued and then completes it, as one that can no longer run JavaScript: calls fail then, and are let fail,
//! and the memory is given back all the same. Only after that does it close the thread-safe function, so that no worker
//! wakes an event loop that is gone.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::{null_mut, slice_from_raw_parts_mut};
use std::rc::Rc;
use std::sync::Arc;

use napi::sys::{
    self, Status, ThreadsafeFunctionCallMode, ThreadsafeFunctionReleaseMode, napi_async_work, napi_deferred, napi_env,
    napi_status, napi_threadsafe_function, napi_value,
};
use napi::{Result, check_status};

use super::job::{Failure, Job, Outcome};
use super::queue::{Entry, Queue};

/// Bytes up to which a result is copied into a buffer of JavaScript's own: that costs less than to hand over memory,
/// with what is needed to take it back.
const LARGEST_COPIED: usize = 2048;

/// What settles a promise. It travels through the pool, and is used on the event loop's thread alone.
struct Promise(napi_deferred);

// SAFETY: a pointer; see above.
unsafe impl Send for Promise {}

/// Wakes the event loop from any thread, for as long as somebody on the event loop's thread has a share of it.
struct Waker {
    /// Null once the environment has closed it.
    function: Rc<Cell<napi_threadsafe_function>>,
}

impl Drop for Waker {
    fn drop(&mut self) {
        let function = self.function.get();
        if !function.is_null() {
            // SAFETY: it is there until `finalize` has made this null, and nobody uses it any more.
            unsafe { sys::napi_release_threadsafe_function(function, ThreadsafeFunctionReleaseMode::release) };
        }
    }
}

/// A queue of jobs, with its workers.
pub struct Tasks {
    queue: Arc<Queue<Promise>>,
    waker: Rc<Waker>,
}

/// A worker on its way. What is not `Send` is touched on the event loop's thread alone.
struct Worker {
    /// Good for as long as there is a share of the waker.
    function: napi_threadsafe_function,
    has_left: bool,
    queue: Arc<Queue<Promise>>,
    waker: Rc<Waker>,
    work: napi_async_work,
}

impl Tasks {
    /// A queue with so many workers.
    pub fn new(env: napi_env, workers: usize) -> Result<Self> {
        let queue = Arc::new(Queue::new(workers));
        let function = Rc::new(Cell::new(null_mut()));
        let (mut made, mut name) = (null_mut(), null_mut());
        let context: *mut c_void = Arc::into_raw(Arc::clone(&queue)).cast_mut().cast();
        let finalized: *mut c_void = Rc::into_raw(Rc::clone(&function)).cast_mut().cast();
        // SAFETY: the shares that are given away here are taken back by `finalize`, which is called once for a function
        // that was made.
        unsafe {
            sys::napi_create_string_utf8(env, c"hotpress.codec".as_ptr(), 14, &mut name);
            let status = sys::napi_create_threadsafe_function(
                env,
                null_mut(),
                null_mut(),
                name,
                0,
                1,
                finalized,
                Some(finalize),
                context,
                Some(on_wake),
                &mut made,
            );
            if status != Status::napi_ok {
                finalize(env, finalized, context);
            }
            check_status!(status)?;
            // Workers keep the event loop alive while they have something to do.
            sys::napi_unref_threadsafe_function(env, made);
        }
        function.set(made);
        Ok(Self { queue, waker: Rc::new(Waker { function }) })
    }

    /// Queues a job; the promise gives a Buffer, or is rejected with an error whose `code` says what kind it is.
    pub fn add(&self, env: napi_env, job: Job, ticket: u32) -> Result<napi_value> {
        let (mut deferred, mut promise) = (null_mut(), null_mut());
        check_status!(unsafe { sys::napi_create_promise(env, &mut deferred, &mut promise) })?;
        if self.queue.add(Entry { job, ticket, token: Promise(deferred) }) {
            send(env, &self.queue, &self.waker);
        }
        Ok(promise)
    }

    /// Takes a job out that has not begun, and rejects its promise; says whether there was one.
    pub fn cancel(&self, env: napi_env, ticket: u32) -> bool {
        let cancelled = self.queue.cancel(ticket);
        let is_cancelled = cancelled.is_some();
        if let Some(promise) = cancelled {
            settle(env, promise, Err(Failure::Cancelled));
        }
        is_cancelled
    }
}

/// Sends a worker to the pool. Where that fails and no other is there, what waits is given up.
fn send(env: napi_env, queue: &Arc<Queue<Promise>>, waker: &Rc<Waker>) {
    let worker = Worker {
        function: waker.function.get(),
        has_left: false,
        queue: Arc::clone(queue),
        waker: Rc::clone(waker),
        work: null_mut(),
    };
    let worker = Box::into_raw(Box::new(worker));
    let mut name = null_mut();
    // SAFETY: until it is queued the worker is ours alone, and it is freed here where it never is. From then on it is
    // the pool's until `execute` returns, and then this thread's again, in `complete`.
    unsafe {
        sys::napi_create_string_utf8(env, c"hotpress.codec".as_ptr(), 14, &mut name);
        let work = &raw mut (*worker).work;
        let made =
            sys::napi_create_async_work(env, null_mut(), name, Some(execute), Some(complete), worker.cast(), work);
        if made == Status::napi_ok && sys::napi_queue_async_work(env, *work) == Status::napi_ok {
            return;
        }
        let worker = Box::from_raw(worker);
        if !worker.work.is_null() {
            sys::napi_delete_async_work(env, worker.work);
        }
    }
    for promise in queue.give_up() {
        settle(env, promise, Err(Failure::Broken));
    }
}

unsafe extern "C" fn execute(_env: napi_env, data: *mut c_void) {
    // SAFETY: see `send`.
    let worker = unsafe { &mut *data.cast::<Worker>() };
    let function = worker.function;
    // SAFETY: the worker's share of the waker keeps the function, and the environment waits for the worker.
    let wake = || unsafe {
        sys::napi_call_threadsafe_function(function, null_mut(), ThreadsafeFunctionCallMode::nonblocking);
    };
    worker.has_left = worker.queue.work(wake);
}

unsafe extern "C" fn complete(env: napi_env, status: napi_status, data: *mut c_void) {
    // SAFETY: see `send`; this is called once.
    let worker = unsafe { Box::from_raw(data.cast::<Worker>()) };
    let Worker { has_left, queue, waker, work, .. } = *worker;
    unsafe { sys::napi_delete_async_work(env, work) };
    // An environment that ends cancels what has not begun.
    if status == Status::napi_cancelled || !settle_done(env, &queue) {
        queue.close();
    }
    if !has_left && queue.relieve() {
        send(env, &queue, &waker);
    }
}

unsafe extern "C" fn on_wake(env: napi_env, _callback: napi_value, context: *mut c_void, _data: *mut c_void) {
    // The function is being taken down.
    if env.is_null() {
        return;
    }
    // SAFETY: the share that `Tasks::new` gave away, which is there until `finalize`.
    let queue = unsafe { &*context.cast::<Queue<Promise>>() };
    if !settle_done(env, queue) {
        queue.close();
    }
}

unsafe extern "C" fn finalize(_env: napi_env, data: *mut c_void, context: *mut c_void) {
    // SAFETY: `Tasks::new` gave both shares away; this is called once.
    unsafe {
        Rc::from_raw(data.cast::<Cell<napi_threadsafe_function>>()).set(null_mut());
        drop(Arc::from_raw(context.cast::<Queue<Promise>>()));
    }
}

/// Settles the promises of what is done; says whether there is somebody to see it.
fn settle_done(env: napi_env, queue: &Queue<Promise>) -> bool {
    // Each, whatever becomes of the others.
    queue.take_done().into_iter().fold(true, |all, (promise, outcome)| settle(env, promise, outcome) && all)
}

/// Settles a promise; says whether JavaScript could run. Where it could not, the environment is about to end.
fn settle(env: napi_env, Promise(deferred): Promise, outcome: Outcome) -> bool {
    let mut scope = null_mut();
    // SAFETY: a deferred is settled once, with a value of the scope that is open.
    unsafe {
        sys::napi_open_handle_scope(env, &mut scope);
        let status = match outcome.and_then(|bytes| buffer(env, bytes).ok_or(Failure::Broken)) {
            Ok(value) => sys::napi_resolve_deferred(env, deferred, value),
            Err(failure) => sys::napi_reject_deferred(env, deferred, error(env, &failure)),
        };
        sys::napi_close_handle_scope(env, scope);
        status == Status::napi_ok
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
        Failure::Cancelled => ("CANCELLED", "the task was cancelled before it had begun"),
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
