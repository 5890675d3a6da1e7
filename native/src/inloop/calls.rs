//! What JavaScript may call about a server. Calls about a request name its slot and serial; one that is over is let go.

use std::ptr::null_mut;
use std::rc::Rc;

use napi::sys::{self, napi_callback_info, napi_env, napi_value};

use super::answer;
use super::connection::Phase;
use super::server::Server;
use super::{lifetime, listener, outgoing, output};
use crate::bridge::handover::MOST_WANTED;
use crate::bridge::values::Answer;
use crate::bridge::values::{body_of, boolean, bytes, float, integer, lines, null};
use crate::http::names;
use crate::http::names::Wanted;
use crate::http::parse::Head;
use crate::napi_raw::{Exception, arguments, guarded, string};

type Outcome = Result<napi_value, Exception>;

/// Bytes of a header's name that can be asked for: a head has room for few that are longer.
const LONGEST_NAME: usize = 255;

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

pub unsafe extern "C" fn begin(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, status, flags, head, length]: [napi_value; 6]| {
        let (status, flags, head) = (integer(env, status), integer(env, flags), lines(env, head));
        answer::begin(server, slot, serial, status, flags, &head, float(env, length));
        Ok(null_mut())
    })
}

pub unsafe extern "C" fn close_connections(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, []: [napi_value; 0]| {
        lifetime::close_connections(server, |_, _| true);
        Ok(null_mut())
    })
}

pub unsafe extern "C" fn close_idle(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, []: [napi_value; 0]| {
        outgoing::release(server);
        // An answer of the corked connection may have gathered and not been sent yet.
        let corked = server.state.borrow().outgoing.corked;
        lifetime::close_connections(server, |slot, connection| {
            let is_before = connection.phase == Phase::Proxy;
            let is_between = is_before || (connection.phase == Phase::Head && connection.pending.is_empty());
            is_between && !connection.is_busy && connection.is_sent() && corked != Some(slot)
        });
        Ok(null_mut())
    })
}

pub unsafe extern "C" fn close_listeners(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, []: [napi_value; 0]| {
        listener::close(server);
        Ok(null_mut())
    })
}

/// How many connections are open.
pub unsafe extern "C" fn connections(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, []: [napi_value; 0]| {
        let mut value = null_mut();
        // SAFETY: makes a number.
        unsafe { sys::napi_create_uint32(env, server.state.borrow().open, &mut value) };
        Ok(value)
    })
}

/// Breaks the connection of a request.
pub unsafe extern "C" fn cut(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _]: [napi_value; 2]| {
        if server.with_request(slot, serial, |_| ()).is_some() {
            server.destroy(slot);
        }
        Ok(null_mut())
    })
}

pub unsafe extern "C" fn end(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, trailers]: [napi_value; 3]| {
        Ok(boolean(env, answer::end(server, slot, serial, &lines(env, trailers))))
    })
}

/// The first value of a header, its name in fewer than 255 bytes; or with 1 all its lines as one; null without any, and undefined when the request has been
/// answered.
pub unsafe extern "C" fn header(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, name, is_whole]: [napi_value; 4]| {
        let mut room = [0; LONGEST_NAME + 1];
        let mut length = 0;
        // SAFETY: N-API writes no more than there is room for. As UTF-8, so that only ASCII equals ASCII.
        unsafe {
            sys::napi_get_value_string_utf8(env, name, room.as_mut_ptr().cast(), room.len(), &mut length);
        }
        let (name, is_whole) = (&room[..length], integer(env, is_whole) == 1);
        let value = with_head(server, slot, serial, |bytes, head| {
            let mut values = names::values(head.headers.of(bytes), name);
            let Some(first) = values.next().filter(|_| length < LONGEST_NAME) else { return null(env) };
            let rest: Vec<&[u8]> = if is_whole { values.collect() } else { Vec::new() };
            if rest.is_empty() {
                return server.handover.latin1(first);
            }
            let separator: &[u8] = if name == b"cookie" { b"; " } else { b", " };
            server.handover.latin1(&[&[first], &rest[..]].concat().join(separator))
        });
        Ok(value.unwrap_or(null_mut()))
    })
}

/// Sends early hints; says whether it could.
pub unsafe extern "C" fn hint(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, hints]: [napi_value; 3]| {
        Ok(boolean(env, answer::hint(server, slot, serial, &lines(env, hints))))
    })
}

pub unsafe extern "C" fn ip(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _]: [napi_value; 2]| {
        let known = server.with_request(slot, serial, |connection| (connection.socket.handle, connection.peer.clone()));
        let Some((tcp, peer)) = known else { return Ok(null_mut()) };
        let text = peer.map(String::from).or_else(|| listener::address_of(server, tcp)).unwrap_or_default();
        Ok(server.handover.latin1(text.as_bytes()))
    })
}

/// Listens; gives the port, or an array of the error's code and message.
pub unsafe extern "C" fn listen(env: napi_env, info: napi_callback_info) -> napi_value {
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
pub unsafe extern "C" fn pause(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, is_paused]: [napi_value; 3]| {
        let (is_paused, now) = (integer(env, is_paused) == 1, server.now());
        if server.with_request(slot, serial, |connection| connection.pause(is_paused, now)).is_some() && !is_paused {
            server.resume(slot);
        }
        Ok(null_mut())
    })
}

/// The client's own certificate, as DER; undefined without one.
pub unsafe extern "C" fn peer_certificate(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _]: [napi_value; 2]| {
        let value = server.with_request(slot, serial, |connection| {
            let der = connection.tls.as_ref()?.peer_certificate()?;
            Some(server.handover.buffer(der))
        });
        Ok(value.flatten().unwrap_or(null_mut()))
    })
}

/// Takes the body of a request. A client that waits for a 100 has it once somebody reads.
pub unsafe extern "C" fn receive(env: napi_env, info: napi_callback_info) -> napi_value {
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

pub unsafe extern "C" fn respond_whole(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, head, body]: [napi_value; 4]| {
        let (status, flags, units) = server.handover.answered();
        let head = lines(env, head);
        let body = body_of(env, body, units);
        answer::whole(server, slot, serial, Answer { body, flags, head: &head, status });
        Ok(null_mut())
    })
}

/// The host name that the client has asked for by TLS; undefined without one.
pub unsafe extern "C" fn sni(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _]: [napi_value; 2]| {
        let value = server.with_request(slot, serial, |connection| {
            let name = connection.tls.as_ref()?.server_name()?;
            Some(server.handover.latin1(name.as_bytes()))
        });
        Ok(value.flatten().unwrap_or(null_mut()))
    })
}

/// A part of the head of a request: 0 the method, 1 the path, 2 the query, 3 the header lines. Undefined when the
/// request has been answered.
pub unsafe extern "C" fn text(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, part]: [napi_value; 3]| {
        let part = integer(env, part);
        let value = with_head(server, slot, serial, |bytes, head| {
            let span = match part {
                0 => head.method,
                1 => head.path,
                2 => head.query,
                _ => head.headers,
            };
            server.handover.latin1(span.of(bytes))
        });
        Ok(value.unwrap_or(null_mut()))
    })
}

/// Reads from the head of a request; `None` when it has been answered.
fn with_head<R>(server: &Server, slot: u32, serial: u32, read: impl FnOnce(&[u8], &Head) -> R) -> Option<R> {
    if let Some(current) = server.handover.current.get().filter(|current| current.serial == serial) {
        // SAFETY: `current` is there only while its head is.
        let head = unsafe { std::slice::from_raw_parts(current.start, current.length) };
        return Some(read(head, &current.head));
    }
    server.with_request(slot, serial, |connection| {
        let (bytes, head) = connection.head.as_deref()?;
        Some(read(bytes, head))
    })?
}

/// Has the values of headers go along with each request from now on: names in lower case, each ended by a line feed.
pub unsafe extern "C" fn want(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, [names]: [napi_value; 1]| {
        // SAFETY: the value belongs to this call.
        let names = unsafe { string(env, names) }.ok_or(Exception::Type("names must be a string"))?;
        let wanted = names.split_terminator('\n').take(MOST_WANTED).map(|name| Wanted::new(name.as_bytes()));
        *server.handover.wanted.borrow_mut() = wanted.collect();
        Ok(null_mut())
    })
}

/// Writes a part of a stream; says whether there is room for more now.
pub unsafe extern "C" fn write(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, chunk]: [napi_value; 3]| {
        let chunk = bytes(env, chunk).ok_or(Exception::Type("a chunk must be bytes"))?;
        Ok(boolean(env, answer::write(server, slot, serial, chunk)))
    })
}
