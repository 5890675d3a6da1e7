//! A server as JavaScript sees it: an object of functions (`calls`), and numbers in shared memory. `src/native/types.ts`
//! has the types.

use std::cell::{Cell, RefCell, UnsafeCell};
use std::ptr::null_mut;
use std::rc::Rc;
use std::sync::Arc;

use napi::bindgen_prelude::{FromNapiValue, Object, Uint8Array};
use napi::check_status;
use napi::sys::{self, napi_callback_info, napi_env, napi_value};

use super::answer::Defaults;
use super::limits::Limits;
use super::logged::Log;
use super::server::{Common, Server};
use super::{calls, lifetime, server_calls, uv};
use crate::bridge::control;
use crate::bridge::fixed::Fixed;
use crate::bridge::handover::Handover;
use crate::http::peers::Peers;
use crate::log::template::Template;
use crate::napi_raw::{Callback, Exception, arguments, function, guarded, numbers, set};
use crate::router_binding::Instance;

pub unsafe extern "C" fn create_server(env: napi_env, info: napi_callback_info) -> napi_value {
    guarded(env, || {
        // SAFETY: the router's object makes this function, with a share of its instance.
        let (instance, values) = unsafe { arguments::<Rc<Instance>, 4>(env, info) };
        let made = create(env, Rc::clone(instance), values);
        made.map_err(|error| Exception::Plain(error.reason.clone()))
    })
}

fn create(
    env: napi_env,
    router: Rc<Instance>,
    [options, on_request, on_event, later]: [napi_value; 4],
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
        reserve: number("reserve")? as u32,
        waits: options.get::<bool>("overflowWaits")?.unwrap_or_default(),
        write_timeout: number("writeTimeout")? as u64,
    };
    let types = options.get::<Vec<String>>("types")?.unwrap_or_default();
    let lines = options.get::<String>("defaults")?.unwrap_or_default().into_bytes();
    let sends_id = options.get::<bool>("requestId")?.unwrap_or_default();
    let common = Common { lines: lines.clone(), sends_id, types: types.clone() };
    let defaults = Defaults::new(lines, sends_id, types);
    let wants_path = options.get::<Vec<bool>>("wantsPath")?.unwrap_or_default();
    let control = Rc::new(UnsafeCell::new([0; control::SIZE]));
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
        later: Cell::new(reference(env, later)?),
        on_event: Cell::new(reference(env, on_event)?),
        on_request: Cell::new(reference(env, on_request)?),
        wanted: RefCell::new(Vec::new()),
        wants_path,
    };
    let fixed = Arc::new(Fixed::read(&options)?);
    let log = Template::read(&options)?.map(Log::new);
    let gives = cfg!(unix) && options.get::<bool>("givesDescriptors")?.unwrap_or(true);
    let proxies = Peers::read(options.get::<Uint8Array>("proxies")?.as_deref().unwrap_or_default());
    let server = Server::new(uv, looper.cast(), limits, defaults, fixed, common, proxies, router, handover, gives, log);
    let functions: [(&std::ffi::CStr, Callback); 23] = [
        (c"begin", calls::begin),
        (c"closeConnections", server_calls::close_connections),
        (c"closeIdle", server_calls::close_idle),
        (c"closeListeners", server_calls::close_listeners),
        (c"connections", server_calls::connections),
        (c"cut", calls::cut),
        (c"end", calls::end),
        (c"header", calls::header),
        (c"hint", calls::hint),
        (c"ip", calls::ip),
        (c"listen", server_calls::listen),
        (c"listenBeside", server_calls::listen_beside),
        (c"name", calls::name),
        (c"pause", calls::pause),
        (c"peerCertificate", calls::peer_certificate),
        (c"receive", calls::receive),
        (c"respond", calls::respond_whole),
        (c"setCertificates", server_calls::set_certificates),
        (c"sni", calls::sni),
        (c"takeLines", server_calls::take_lines),
        (c"text", calls::text),
        (c"want", server_calls::want),
        (c"write", calls::write),
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
