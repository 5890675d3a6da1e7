//! From Rust to JavaScript: one call for a request, one for everything else that a server has to tell. What JavaScript
//! needs at once stands in numbers that both sides share (`Control`), which cost it an array read; the rest it asks for.

mod events;

use std::cell::{Cell, RefCell};
use std::ptr::null_mut;
use std::rc::Rc;

use napi::sys::{self, Status, napi_env, napi_handle_scope, napi_ref, napi_value};

use super::control::{self, ANSWER_BYTES, ANSWER_LATER, ANSWER_STRING, Control, HAND_OFF, LINES_SIZE, method_number};
use super::told::{Current, Returned, Told};
use super::values::{self, Answer, Body};
use crate::http::names::Wanted;
use crate::http::parse::{BodyKind, Head};

/// Headers that may go along with a request.
pub const MOST_WANTED: usize = 6;

pub struct Handover {
    pub control: Rc<Control>,
    /// The head that JavaScript may ask for during its callback.
    pub current: Cell<Option<Current>>,
    pub env: napi_env,
    /// An array whose first element is the body of an answer.
    pub later: Cell<napi_ref>,
    /// The environment is ending: no JavaScript runs any more.
    pub is_dead: Cell<bool>,
    pub on_event: Cell<napi_ref>,
    pub on_request: Cell<napi_ref>,
    /// Headers whose values go along with each request.
    pub wanted: RefCell<Vec<Wanted>>,
    /// By route: whether JavaScript needs the path at once, for its parameters.
    pub wants_path: Vec<bool>,
}

impl Handover {
    /// Opens a scope for the values of one event of libuv.
    pub fn enter(&self) -> napi_handle_scope {
        let mut scope = null_mut();
        if !self.is_dead.get() {
            // SAFETY: the environment is alive, and this is its thread.
            unsafe { sys::napi_open_handle_scope(self.env, &mut scope) };
        }
        scope
    }

    pub fn leave(&self, scope: napi_handle_scope) {
        if !scope.is_null() {
            // SAFETY: the scope was opened by `enter`, and those within it are closed.
            unsafe { sys::napi_close_handle_scope(self.env, scope) };
        }
    }

    /// Tells how many bytes of lines of the access log wait.
    pub fn lines_wait(&self, size: usize) {
        // SAFETY: JavaScript is not running; it reads the number by and by.
        unsafe { (&mut *self.control.get())[control::LOGGED_SIZE] = size.try_into().unwrap_or(u32::MAX) };
    }

    /// Tells how many lines were taken, and how many bytes of others wait.
    pub fn took_lines(&self, lines: u32, size: usize) {
        // SAFETY: as above.
        unsafe { (&mut *self.control.get())[control::LOGGED_LINES] = lines };
        self.lines_wait(size);
    }

    /// Puts the whole body of the next request where JavaScript may take it from. There must be room for it.
    pub fn place(&self, body: &[u8]) {
        // SAFETY: JavaScript is not running; `WHOLE_SIZE` bytes are there.
        unsafe {
            let numbers = &mut (&mut *self.control.get())[control::WHOLE..];
            let room = std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast::<u8>(), size_of_val(numbers));
            room[..body.len()].copy_from_slice(body);
        }
    }

    /// Hands a request over. What the callback has answered, if it has, is for `take` to use: no JavaScript runs meanwhile.
    pub fn request<R>(&self, current: Current, told: Told, take: impl FnOnce(Returned) -> R) -> Option<R> {
        if self.is_dead.get() {
            return None;
        }
        // SAFETY: the head outlives this call; `current` is emptied before it returns.
        let head_bytes = unsafe { std::slice::from_raw_parts(current.start, current.length) };
        let method = current.head.method.of(head_bytes);
        let (body, length) = match current.head.body {
            BodyKind::Chunked => (2, 0),
            BodyKind::Length(length) => (1, length),
            BodyKind::None => (0, 0),
        };
        // SAFETY: JavaScript reads and writes these numbers only while it runs, on this thread.
        unsafe {
            let numbers = &mut *self.control.get();
            numbers[control::SLOT] = told.slot;
            numbers[control::SERIAL] = current.serial;
            numbers[control::ROUTE] = told.route as u32;
            numbers[control::METHOD] = method_number(method);
            numbers[control::BODY] =
                body | u32::from(current.head.is_json) << 2 | u32::from(current.head.is_coded) << 3;
            numbers[control::LENGTH_LOW] = length as u32;
            numbers[control::LENGTH_HIGH] = (length >> 32) as u32;
            numbers[control::CLOSES] = u32::from(told.closes);
            numbers[control::ANSWER] = 0;
            numbers[control::UPGRADES] = u32::from(current.head.upgrades);
            numbers[control::WITHIN] = current.serial;
            numbers[control::IS_WHOLE] = u32::from(told.is_whole);
            numbers[control::NAMES] = current.head.names.0;
            numbers[control::CONNECTION] = current.connection;
            numbers[control::QUERY_SIZE] = current.head.query.of(head_bytes).len() as u32;
            numbers[control::EXTRA] = u32::from(told.is_extra);
            numbers[control::SECURE] = u32::from(told.is_secure) | told.version.number(&current.head) << 1;
        }
        let scope = self.enter();
        let mut arguments = [null_mut(); 1 + MOST_WANTED];
        let count = self.arguments(&mut arguments, told.route, &current.head, head_bytes);
        self.current.set(Some(current));
        let returned = self.call(self.on_request.get(), &arguments[..count]);
        self.current.set(None);
        // SAFETY: as above.
        let numbers = unsafe { &mut *self.control.get() };
        numbers[control::WITHIN] = 0;
        let taken = take(match numbers[control::ANSWER] {
            0 => Returned::Nothing,
            HAND_OFF => Returned::HandOff,
            _ => Returned::Answer(self.answer(returned)),
        });
        self.leave(scope);
        Some(taken)
    }

    /// What goes along with a request: the path where the route wants it, then the headers that are wanted.
    fn arguments(
        &self,
        arguments: &mut [napi_value; 1 + MOST_WANTED],
        route: i32,
        head: &Head,
        head_bytes: &[u8],
    ) -> usize {
        let wanted = self.wanted.borrow();
        let wants_path = usize::try_from(route).is_ok_and(|route| self.wants_path.get(route) == Some(&true));
        if !wanted.is_empty() {
            let mut none = null_mut();
            // SAFETY: gives a value.
            unsafe { sys::napi_get_undefined(self.env, &mut none) };
            arguments.fill(none);
            let lines = head.headers.of(head_bytes);
            for (each, argument) in wanted.iter().zip(&mut arguments[1..]) {
                if let Some(value) = each.value(head.names, lines) {
                    *argument = self.latin1(value);
                }
            }
        }
        if wants_path {
            arguments[0] = self.latin1(head.path.of(head_bytes));
        }
        if wanted.is_empty() { usize::from(wants_path) } else { 1 + wanted.len() }
    }

    /// The answer that a callback has left. Its body is what was returned; or stands in the array, when it was settled
    /// later, or what was returned is lost: to an exception in a tick, which somebody has caught all the same.
    fn answer(&self, returned: Option<napi_value>) -> Answer<'_> {
        // SAFETY: JavaScript is not running, and does not before the answer is written.
        let numbers = unsafe { &*self.control.get() };
        let returned = returned.filter(|_| numbers[control::ANSWER] & ANSWER_LATER == 0);
        let value = returned.unwrap_or_else(|| {
            let (mut array, mut value) = (null_mut(), null_mut());
            // SAFETY: the reference is held as long as that to the callback.
            unsafe {
                sys::napi_get_reference_value(self.env, self.later.get(), &mut array);
                sys::napi_get_element(self.env, array, 0, &mut value);
            }
            value
        });
        let body = match numbers[control::ANSWER] & !ANSWER_LATER {
            ANSWER_STRING => Body::String(value, numbers[control::RETURNED_UNITS] as usize),
            ANSWER_BYTES => values::bytes(self.env, value).map_or(Body::None, Body::Bytes),
            _ => Body::None,
        };
        let lines = numbers[control::LINES..].as_ptr().cast::<u8>();
        let length = (numbers[control::RETURNED_LINES] as usize).min(LINES_SIZE);
        // SAFETY: the lines stand in the numbers, which are as many bytes from there on.
        let head = unsafe { std::slice::from_raw_parts(lines, length) };
        Answer { body, flags: numbers[control::RETURNED_FLAGS], head, status: numbers[control::RETURNED_STATUS] }
    }

    /// The status and the flags of the answer that JavaScript gives by a call, and how long its text is.
    pub fn answered(&self) -> (u32, u32, usize) {
        // SAFETY: JavaScript has written them, and is not running.
        let numbers = unsafe { &*self.control.get() };
        (numbers[control::STATUS], numbers[control::FLAGS], numbers[control::UNITS] as usize)
    }

    pub fn buffer(&self, bytes: &[u8]) -> napi_value {
        let (mut copy, mut value) = (null_mut(), null_mut());
        // SAFETY: N-API copies the bytes.
        unsafe { sys::napi_create_buffer_copy(self.env, bytes.len(), bytes.as_ptr().cast(), &mut copy, &mut value) };
        value
    }

    pub fn latin1(&self, bytes: &[u8]) -> napi_value {
        let mut value = null_mut();
        // SAFETY: N-API copies the bytes.
        unsafe { sys::napi_create_string_latin1(self.env, bytes.as_ptr().cast(), bytes.len() as isize, &mut value) };
        value
    }

    /// Calls JavaScript as libuv's callbacks of Node do: microtasks and ticks run before it returns.
    fn call(&self, function: napi_ref, arguments: &[napi_value]) -> Option<napi_value> {
        if self.is_dead.get() {
            return None;
        }
        let (mut callee, mut receiver, mut result) = (null_mut(), null_mut(), null_mut());
        // SAFETY: the references are held until no handle is left, and the environment is alive.
        let status = unsafe {
            sys::napi_get_reference_value(self.env, function, &mut callee);
            // Node keeps the async context of a call on its receiver: one for all calls would carry what one request has
            // entered (AsyncLocalStorage.enterWith) over to the next.
            sys::napi_create_object(self.env, &mut receiver);
            let (count, values) = (arguments.len(), arguments.as_ptr());
            sys::napi_make_callback(self.env, null_mut(), receiver, callee, count, values, &mut result)
        };
        if status == Status::napi_ok {
            return Some(result);
        }
        // What escapes the transport's own catch is a mistake in it: the same end as for an exception in any callback.
        // SAFETY: takes the exception that made the call fail.
        unsafe {
            let mut is_pending = false;
            sys::napi_is_exception_pending(self.env, &mut is_pending);
            if is_pending {
                let mut error = null_mut();
                sys::napi_get_and_clear_last_exception(self.env, &mut error);
                sys::napi_fatal_exception(self.env, error);
            }
        }
        None
    }
}
