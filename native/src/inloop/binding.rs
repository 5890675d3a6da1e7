//! What JavaScript sees of a server: an object of functions, and numbers in shared memory. `src/native/types.ts` has the
//! types. Calls about a request name its slot and serial; one that is over is let go.

use std::cell::{Cell, UnsafeCell};
use std::ptr::null_mut;
use std::rc::Rc;

use napi::bindgen_prelude::{FromNapiValue, Object};
use napi::check_status;
use napi::sys::{self, Status, napi_callback_info, napi_env, napi_value};

use super::answer::{self, Answer, Body, Defaults};
use super::connection::Phase;
use super::fixed::Fixed;
use super::handover::{CONTROL_SIZE, Handover};
use super::limits::Limits;
use super::server::Server;
use super::{lifetime, listener, output, uv};
use crate::napi_raw::{Callback, Exception, arguments, function, guarded, numbers, set, string};
use crate::router_binding::Instance;

type Outcome = Result<napi_value, Exception>;

pub unsafe extern "C" fn create_server(env: napi_env, info: napi_callback_info) -> napi_value {
    guarded(env, || {
        // SAFETY: the router's object makes this function, with a share of its instance.
        let (instance, [options, on_request, on_event]) = unsafe { arguments::<Rc<Instance>, 3>(env, info) };
        let made = create(env, Rc::clone(instance), options, on_request, on_event);
        made.map_err(|error| Exception::Plain(error.reason.clone()))
    })
}

fn create(
    env: napi_env,
    router: Rc<Instance>,
    options: napi_value,
    on_request: napi_value,
    on_event: napi_value,
) -> napi::Result<napi_value> {
    let uv = uv::functions().map_err(napi::Error::from_reason)?;
    // SAFETY: the value belongs to this call.
    let options = unsafe { Object::from_napi_value(env, options) }?;
    let number = |name: &str| Ok::<f64, napi::Error>(options.get::<f64>(name)?.unwrap_or_default());
    let limits = Limits {
        head: number("headLimit")? as usize,
        idle_timeout: number("idleTimeout")? as u64,
        largest_chunk: number("chunkLimit")? as u64,
        max_connections: number("maxConnections")? as u32,
        max_per_address: number("maxConnectionsPerAddress")? as u32,
        max_requests: number("maxRequestsPerConnection")? as u32,
        read_timeout: number("readTimeout")? as u64,
        request_line: number("requestLineLimit")? as usize,
        waits: options.get::<bool>("overflowWaits")?.unwrap_or_default(),
        write_timeout: number("writeTimeout")? as u64,
    };
    let types = options.get::<Vec<String>>("types")?.unwrap_or_default();
    let defaults = Defaults {
        lines: options.get::<String>("defaults")?.unwrap_or_default().into_bytes(),
        sends_id: options.get::<bool>("requestId")?.unwrap_or_default(),
        types: std::iter::once(Vec::new())
            .chain(types.into_iter().map(|text| format!("Content-Type: {text}\r\n").into_bytes()))
            .collect(),
    };
    let wants_path = options.get::<Vec<bool>>("wantsPath")?.unwrap_or_default();
    let control = Rc::new(UnsafeCell::new([0; CONTROL_SIZE]));
    let mut looper = null_mut();
    let mut object = null_mut();
    // SAFETY: plain N-API calls with values of this call.
    unsafe {
        check_status!(sys::napi_get_uv_event_loop(env, &mut looper))?;
        check_status!(sys::napi_create_object(env, &mut object))?;
    }
    let handover = Handover {
        control: Rc::clone(&control),
        current: Cell::new(None),
        env,
        is_dead: Cell::new(false),
        on_event: Cell::new(reference(env, on_event)?),
        on_request: Cell::new(reference(env, on_request)?),
        wants_path,
    };
    let fixed = Fixed::read(&options)?;
    let server = Server::new(uv, looper.cast(), limits, defaults, fixed, router, handover);
    let functions: [(&std::ffi::CStr, Callback); 15] = [
        (c"begin", begin),
        (c"closeConnections", close_connections),
        (c"closeIdle", close_idle),
        (c"closeListeners", close_listeners),
        (c"connections", connections),
        (c"cut", cut),
        (c"end", end),
        (c"hint", hint),
        (c"ip", ip),
        (c"listen", listen),
        (c"pause", pause),
        (c"receive", receive),
        (c"respond", respond_whole),
        (c"text", text),
        (c"write", write),
    ];
    // SAFETY: as above; each function is made with a share of the server, as its callback expects.
    unsafe {
        for (name, callback) in functions {
            set(env, object, name, function(env, name, callback, Rc::new(Rc::clone(&server)))?)?;
        }
        set(env, object, c"control", numbers(env, control)?)?;
    }
    lifetime::begin(&server)?;
    Ok(object)
}

fn reference(env: napi_env, value: napi_value) -> napi::Result<sys::napi_ref> {
    let mut made = null_mut();
    // SAFETY: the value belongs to the call under way.
    check_status!(unsafe { sys::napi_create_reference(env, value, 1, &mut made) })?;
    Ok(made)
}

/// Runs a function of the server's object with its numbers: the slot and the serial of a request come first.
fn run<const N: usize>(
    env: napi_env,
    info: napi_callback_info,
    body: impl FnOnce(&Rc<Server>, u32, u32, [napi_value; N]) -> Outcome,
) -> napi_value {
    guarded(env, || {
        // SAFETY: the functions are made by `create`, with a share of a server.
        let (server, values) = unsafe { arguments::<Rc<Server>, N>(env, info) };
        let slot = if N > 0 { integer(env, values[0]) } else { 0 };
        let serial = if N > 1 { integer(env, values[1]) } else { 0 };
        body(server, slot, serial, values)
    })
}

fn integer(env: napi_env, value: napi_value) -> u32 {
    let mut number = 0;
    // SAFETY: what is no number leaves 0 behind.
    unsafe { sys::napi_get_value_uint32(env, value, &mut number) };
    number
}

fn float(env: napi_env, value: napi_value) -> f64 {
    let mut number = 0.0;
    // SAFETY: as above.
    unsafe { sys::napi_get_value_double(env, value, &mut number) };
    number
}

fn boolean(env: napi_env, value: bool) -> napi_value {
    let mut made = null_mut();
    // SAFETY: makes a value.
    unsafe { sys::napi_get_boolean(env, value, &mut made) };
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

/// A text, bytes or nothing.
fn body_of<'a>(env: napi_env, value: napi_value) -> Body<'a> {
    let mut kind = 0;
    // SAFETY: asks for the type of a value of this call.
    unsafe { sys::napi_typeof(env, value, &mut kind) };
    if kind == sys::ValueType::napi_string {
        return Body::String(value);
    }
    bytes(env, value).map_or(Body::None, Body::Bytes)
}

/// Header lines are Latin-1, one byte a unit.
fn lines(env: napi_env, value: napi_value) -> Vec<u8> {
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

unsafe extern "C" fn begin(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, status, flags, head, length]: [napi_value; 6]| {
        let (status, flags, head) = (integer(env, status), integer(env, flags), lines(env, head));
        answer::begin(server, slot, serial, status, flags, &head, float(env, length));
        Ok(null_mut())
    })
}

unsafe extern "C" fn close_connections(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, []: [napi_value; 0]| {
        lifetime::close_connections(server, |_, _| true);
        Ok(null_mut())
    })
}

unsafe extern "C" fn close_idle(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, []: [napi_value; 0]| {
        // An answer of the corked connection may have gathered and not been sent yet.
        let corked = server.state.borrow().corked;
        lifetime::close_connections(server, |slot, connection| {
            let is_between = connection.phase == Phase::Head && connection.pending.is_empty();
            is_between && !connection.is_busy && connection.unsent == 0 && corked != Some(slot)
        });
        Ok(null_mut())
    })
}

unsafe extern "C" fn close_listeners(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, []: [napi_value; 0]| {
        listener::close(server);
        Ok(null_mut())
    })
}

/// How many connections are open.
unsafe extern "C" fn connections(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, []: [napi_value; 0]| {
        let mut value = null_mut();
        // SAFETY: makes a number.
        unsafe { sys::napi_create_uint32(env, server.state.borrow().open, &mut value) };
        Ok(value)
    })
}

/// Breaks the connection of a request.
unsafe extern "C" fn cut(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _]: [napi_value; 2]| {
        if server.with_request(slot, serial, |_| ()).is_some() {
            server.destroy(slot);
        }
        Ok(null_mut())
    })
}

unsafe extern "C" fn end(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, trailers]: [napi_value; 3]| {
        answer::end(server, slot, serial, &lines(env, trailers));
        Ok(null_mut())
    })
}

/// Sends early hints; says whether it could.
unsafe extern "C" fn hint(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, hints]: [napi_value; 3]| {
        Ok(boolean(env, answer::hint(server, slot, serial, &lines(env, hints))))
    })
}

unsafe extern "C" fn ip(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _]: [napi_value; 2]| {
        let Some(tcp) = server.with_request(slot, serial, |connection| connection.tcp) else { return Ok(null_mut()) };
        let mut address = uv::Address::empty();
        let mut size = size_of::<uv::Address>() as i32;
        // SAFETY: the handle is open while its slot names it; libuv writes no more than the size.
        let status = unsafe { (server.uv.tcp_getpeername)(tcp, &mut address, &mut size) };
        let text = if status < 0 { String::new() } else { server.uv.text_of(&address).0 };
        Ok(server.handover.latin1(text.as_bytes()))
    })
}

/// Listens; gives the port, or an array of the error's code and message.
unsafe extern "C" fn listen(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, [host, port, backlog]: [napi_value; 3]| {
        // SAFETY: the value belongs to this call.
        let host = unsafe { string(env, host) }.ok_or(Exception::Type("a host must be a string"))?;
        let (port, backlog) = (integer(env, port) as u16, integer(env, backlog) as i32);
        let mut value = null_mut();
        // SAFETY: plain N-API calls with values of this call.
        unsafe {
            match listener::listen(server, &host, port, backlog) {
                Ok(port) => {
                    sys::napi_create_uint32(env, port.into(), &mut value);
                }
                Err(error) => {
                    sys::napi_create_array_with_length(env, 2, &mut value);
                    sys::napi_set_element(env, value, 0, server.handover.latin1(error.code.as_bytes()));
                    sys::napi_set_element(env, value, 1, server.handover.latin1(error.message.as_bytes()));
                }
            }
        }
        Ok(value)
    })
}

/// Takes no more of a body for now, or takes it again.
unsafe extern "C" fn pause(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, is_paused]: [napi_value; 3]| {
        let (is_paused, now) = (integer(env, is_paused) == 1, server.now());
        if server.with_request(slot, serial, |connection| connection.pause(is_paused, now)).is_some() && !is_paused {
            server.resume(slot);
        }
        Ok(null_mut())
    })
}

/// Takes the body of a request. A client that waits for a 100 has it once somebody reads.
unsafe extern "C" fn receive(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, is_read]: [napi_value; 3]| {
        let is_read = integer(env, is_read) == 1;
        let expects = server.with_request(slot, serial, |connection| {
            connection.is_receiving = true;
            is_read && std::mem::take(&mut connection.expects_continue)
        });
        if expects == Some(true) {
            output::write(server, slot, b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        Ok(null_mut())
    })
}

unsafe extern "C" fn respond_whole(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, head, body]: [napi_value; 4]| {
        let (status, flags) = server.handover.answered();
        let head = lines(env, head);
        let body = body_of(env, body);
        answer::whole(server, slot, serial, Answer { body, flags, head: &head, status });
        Ok(null_mut())
    })
}

/// A part of the head of a request: 0 the method, 1 the path, 2 the query, 3 the header lines. Undefined when the
/// request has been answered.
unsafe extern "C" fn text(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, part]: [napi_value; 3]| {
        let part = integer(env, part);
        let span = |head: &super::parse::Head| match part {
            0 => head.method,
            1 => head.path,
            2 => head.query,
            _ => head.headers,
        };
        if let Some(current) = server.handover.current.get().filter(|current| current.serial == serial) {
            // SAFETY: `current` is there only while its head is.
            let head = unsafe { std::slice::from_raw_parts(current.start, current.length) };
            return Ok(server.handover.latin1(span(&current.head).of(head)));
        }
        let value = server.with_request(slot, serial, |connection| {
            let (bytes, head) = connection.head.as_deref()?;
            Some(server.handover.latin1(span(head).of(bytes)))
        });
        Ok(value.flatten().unwrap_or(null_mut()))
    })
}

/// Writes a part of a stream; says whether there is room for more now.
unsafe extern "C" fn write(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, chunk]: [napi_value; 3]| {
        let chunk = bytes(env, chunk).ok_or(Exception::Type("a chunk must be bytes"))?;
        Ok(boolean(env, answer::write(server, slot, serial, chunk)))
    })
}
