//! What JavaScript may call about a request, by its slot and serial; for one that is over nothing is done. `server_calls` has
//! what is about the server as a whole.

use std::ptr::null_mut;
use std::rc::Rc;

use napi::sys::{self, napi_callback_info, napi_env, napi_value};

use super::answer;
use super::server::Server;
use super::{accept, logged, output};
use crate::bridge::values::{Answer, body_of, boolean, bytes, float, integer, lines, null};
use crate::edge::{self, entries::EDGE};
use crate::http::names;
use crate::http::parse::Head;
use crate::napi_raw::{Exception, arguments, guarded};

type Outcome = Result<napi_value, Exception>;

/// Bytes of a header's name that can be asked for: a head has room for few that are longer.
const LONGEST_NAME: usize = 255;

/// Runs a function of the server's object with its numbers: the slot and the serial of a request come first.
pub fn run<const N: usize>(
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
        if slot & EDGE != 0 {
            edge::calls::begin(server, slot, serial, status, flags, head, float(env, length));
            return Ok(null_mut());
        }
        answer::begin(server, slot, serial, status, flags, &head, float(env, length));
        Ok(null_mut())
    })
}

/// Breaks the connection of a request.
pub unsafe extern "C" fn cut(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _]: [napi_value; 2]| {
        if slot & EDGE != 0 {
            edge::calls::cut(server, slot, serial);
        } else if server.with_request(slot, serial, |_| ()).is_some() {
            server.destroy(slot);
        }
        Ok(null_mut())
    })
}

pub unsafe extern "C" fn end(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, trailers]: [napi_value; 3]| {
        let trailers = lines(env, trailers);
        let is_whole = if slot & EDGE != 0 {
            edge::calls::end(server, slot, serial, trailers)
        } else {
            answer::end(server, slot, serial, &trailers)
        };
        Ok(boolean(env, is_whole))
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
        let hints = lines(env, hints);
        Ok(boolean(
            env,
            if slot & EDGE != 0 {
                edge::calls::hint(server, slot, serial, hints)
            } else {
                answer::hint(server, slot, serial, &hints)
            },
        ))
    })
}

pub unsafe extern "C" fn ip(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _]: [napi_value; 2]| {
        if slot & EDGE != 0 {
            let text = edge::calls::ip(server, slot, serial);
            return Ok(text.map_or(null_mut(), |text| server.handover.latin1(text.as_bytes())));
        }
        let known = server.with_request(slot, serial, |connection| (connection.socket.handle, connection.peer.clone()));
        let Some((tcp, peer)) = known else { return Ok(null_mut()) };
        let text = peer.map(String::from).or_else(|| accept::address_of(server, tcp)).unwrap_or_default();
        Ok(server.handover.latin1(text.as_bytes()))
    })
}

/// The id of a request is this one: only where lines of the access log are made here, which have it.
pub unsafe extern "C" fn name(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, id]: [napi_value; 3]| {
        let id = lines(env, id);
        server.with_request(slot, serial, |connection| logged::name(connection, &id));
        Ok(null_mut())
    })
}

/// Takes no more of a body for now, or takes it again.
pub unsafe extern "C" fn pause(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, is_paused]: [napi_value; 3]| {
        let (is_paused, now) = (integer(env, is_paused) == 1, server.now());
        if slot & EDGE != 0 {
            edge::calls::pause(server, slot, serial, is_paused);
        } else if server.with_request(slot, serial, |connection| connection.pause(is_paused, now)).is_some()
            && !is_paused
        {
            server.resume(slot);
        }
        Ok(null_mut())
    })
}

/// The client's own certificate, as DER; undefined without one.
pub unsafe extern "C" fn peer_certificate(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _]: [napi_value; 2]| {
        if slot & EDGE != 0 {
            let der = edge::calls::certificate(server, slot, serial);
            return Ok(der.map_or(null_mut(), |der| server.handover.buffer(&der)));
        }
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
        if slot & EDGE != 0 {
            edge::calls::receive(server, slot, serial, is_read);
            return Ok(null_mut());
        }
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
        let answer = Answer { body, flags, head: &head, status };
        if slot & EDGE != 0 {
            edge::calls::respond(server, slot, serial, answer);
        } else {
            answer::whole(server, slot, serial, answer, None);
        }
        Ok(null_mut())
    })
}

/// The host name that the client has asked for by TLS; undefined without one.
pub unsafe extern "C" fn sni(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _]: [napi_value; 2]| {
        if slot & EDGE != 0 {
            let name = edge::calls::server_name(server, slot, serial);
            return Ok(name.map_or(null_mut(), |name| server.handover.latin1(name.as_bytes())));
        }
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
    if slot & EDGE != 0 {
        return server.door.borrow().as_ref()?.entries.with_head(slot, serial, read);
    }
    server.with_request(slot, serial, |connection| {
        let (bytes, head) = connection.head.as_deref()?;
        Some(read(bytes, head))
    })?
}

/// Writes a part of a stream; says whether there is room for more now.
pub unsafe extern "C" fn write(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, slot, serial, [_, _, chunk]: [napi_value; 3]| {
        let chunk = bytes(env, chunk).ok_or(Exception::Type("a chunk must be bytes"))?;
        let has_room = if slot & EDGE != 0 {
            edge::calls::write(server, slot, serial, chunk)
        } else {
            answer::write(server, slot, serial, chunk)
        };
        Ok(boolean(env, has_room))
    })
}
