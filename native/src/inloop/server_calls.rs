//! What JavaScript may call about a server as a whole. `calls` has what is about a request.

use std::ptr::null_mut;
use std::time::Duration;

use napi::bindgen_prelude::{FromNapiValue, Object};
use napi::sys::{self, napi_callback_info, napi_env, napi_value};

use super::calls::run;
use super::connection::Phase;
use super::listener::{ListenError, Origin};
use super::server::Server;
use super::{lifetime, listener, outgoing};
use crate::bridge::handover::MOST_WANTED;
use crate::bridge::values::{integer, is_true, room};
use crate::edge;
use crate::http::names::Wanted;
use crate::napi_raw::{Exception, string};

pub unsafe extern "C" fn close_connections(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, []: [napi_value; 0]| {
        lifetime::close_connections(server, |_, _| true);
        lifetime::close_door(server);
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
            let is_idle = is_between && !connection.is_busy && connection.is_sent() && corked != Some(slot);
            // A request that has come and was not read yet would be answered by a reset.
            is_idle && !connection.socket.has_unread()
        });
        Ok(null_mut())
    })
}

pub unsafe extern "C" fn close_listeners(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, [grace]: [napi_value; 1]| {
        listener::close(server);
        if let Some(door) = &*server.door.borrow() {
            door.drain(Duration::from_millis(integer(env, grace).into()));
        }
        Ok(null_mut())
    })
}

/// How many connections are open.
pub unsafe extern "C" fn connections(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, []: [napi_value; 0]| {
        let mut value = null_mut();
        let open = server.open(server.state.borrow().open);
        // SAFETY: makes a number.
        unsafe { sys::napi_create_uint32(env, open, &mut value) };
        Ok(value)
    })
}

/// Listens, with a socket of its own, of a port that is shared, or with the one that was given; gives the address and the
/// port, or the error's code and message.
pub unsafe extern "C" fn listen(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, [host, port, backlog, shares_port, descriptor]: [napi_value; 5]| {
        // SAFETY: the value belongs to this call.
        let host = unsafe { string(env, host) }.ok_or(Exception::Type("a host must be a string"))?;
        let (port, backlog) = (integer(env, port) as u16, integer(env, backlog) as i32);
        let origin = match integer(env, descriptor) as i32 {
            held @ 0.. if is_true(env, shares_port) => Origin::Held(held),
            given @ 0.. => Origin::Given(given),
            _ if is_true(env, shares_port) => Origin::Shared,
            _ => Origin::Own,
        };
        Ok(listened(env, server, listener::listen(server, &host, port, backlog, origin)))
    })
}

/// An array of the address and the port, or of the error's code and message.
fn listened(env: napi_env, server: &Server, outcome: Result<(String, u16), ListenError>) -> napi_value {
    let mut value = null_mut();
    // SAFETY: plain N-API calls with values of the call under way.
    unsafe {
        sys::napi_create_array_with_length(env, 2, &mut value);
        match outcome {
            Ok((address, port)) => {
                let mut number = null_mut();
                sys::napi_create_uint32(env, port.into(), &mut number);
                sys::napi_set_element(env, value, 0, server.handover.latin1(address.as_bytes()));
                sys::napi_set_element(env, value, 1, number);
            }
            Err(error) => {
                sys::napi_set_element(env, value, 0, server.handover.latin1(error.code.as_bytes()));
                sys::napi_set_element(env, value, 1, server.handover.latin1(error.message.as_bytes()));
            }
        }
    }
    value
}

/// Listens beside the loop, with what `NativeListenOptions` say; gives the same.
pub unsafe extern "C" fn listen_beside(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, [host, port, options]: [napi_value; 3]| {
        // SAFETY: the values belong to this call.
        let (host, options) = unsafe { (string(env, host), Object::from_napi_value(env, options)) };
        let host = host.ok_or(Exception::Type("a host must be a string"))?;
        let options = options.map_err(|error| Exception::Plain(error.reason.clone()))?;
        Ok(listened(env, server, edge::listen::listen(server, &host, integer(env, port) as u16, &options)))
    })
}

/// Changes certificates, and the keys of session tickets, for new connections; gives what is wrong with them.
pub unsafe extern "C" fn set_certificates(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, [options]: [napi_value; 1]| {
        // SAFETY: the value belongs to this call.
        let options = unsafe { Object::from_napi_value(env, options) };
        let wrong = options
            .map_err(|error| error.reason.clone())
            .and_then(|options| edge::listen::set_certificates(server, &options));
        Ok(wrong.map_or_else(|reason| server.handover.latin1(reason.as_bytes()), |()| null_mut()))
    })
}

/// Moves lines of the access log to where there is room for them, from so many bytes on; gives how many bytes they are.
pub unsafe extern "C" fn take_lines(env: napi_env, info: napi_callback_info) -> napi_value {
    run(env, info, |server, _, _, [into, at]: [napi_value; 2]| {
        let room = room(env, into).ok_or(Exception::Type("lines go to bytes"))?;
        let at = (integer(env, at) as usize).min(room.len());
        let (size, lines) = server.log.as_ref().map_or((0, 0), |log| log.take(&mut room[at..]));
        server.handover.took_lines(lines, server.log.as_ref().map_or(0, |log| log.size()));
        let mut value = null_mut();
        // SAFETY: makes a number.
        unsafe { sys::napi_create_uint32(env, size as u32, &mut value) };
        Ok(value)
    })
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
