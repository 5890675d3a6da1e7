//! The ends of a server: when nothing of it is left in the event loop, and when the environment goes first.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::rc::Rc;

use napi::check_status;
use napi::sys;

use super::connection::Connection;
use super::listener;
use super::outgoing;
use super::server::Server;

/// Has the environment wait for the server's handles when it ends: a loop with open handles ends a process.
pub fn begin(server: &Rc<Server>) -> napi::Result<()> {
    let mut handle = null_mut();
    let data = Rc::into_raw(Rc::clone(server)).cast_mut().cast();
    // SAFETY: the share of the server that is given away here is taken back by `let_go`.
    check_status!(unsafe {
        sys::napi_add_async_cleanup_hook(server.handover.env, Some(on_cleanup), data, &mut handle)
    })?;
    server.cleanup.set(handle);
    Ok(())
}

/// Closes the connections that `which` chooses.
pub fn close_connections(server: &Rc<Server>, which: impl Fn(u32, &Connection) -> bool) {
    outgoing::release(server);
    let chosen: Vec<u32> = {
        let state = server.state.borrow();
        let slots = state.connections.iter().enumerate();
        slots.filter_map(|(slot, connection)| which(slot as u32, connection.as_ref()?).then_some(slot as u32)).collect()
    };
    for slot in chosen {
        server.destroy(slot);
    }
}

/// Ends what runs beside the loop.
pub fn close_door(server: &Rc<Server>) {
    let door = server.door.take();
    if let Some(door) = door {
        door.close(server);
    }
}

/// No handle is left: what keeps JavaScript's functions alive is let go of, and with them the server.
pub fn idle(server: &Rc<Server>) {
    let handle = server.cleanup.replace(null_mut());
    if handle.is_null() {
        return;
    }
    let handover = &server.handover;
    // SAFETY: the references were made with the server and are used no more; the hook is removed once, and with it goes
    // the share of the server that it had.
    unsafe {
        if !handover.is_dead.get() {
            for reference in [&handover.later, &handover.on_event, &handover.on_request] {
                sys::napi_delete_reference(handover.env, reference.replace(null_mut()));
            }
        }
        sys::napi_remove_async_cleanup_hook(handle);
        drop(Rc::from_raw(Rc::as_ptr(server)));
    }
}

unsafe extern "C" fn on_cleanup(_handle: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: the pointer is the share that `begin` gave away; this borrows it, and `idle` takes it back.
    let server = unsafe { Rc::from_raw(data.cast_const().cast::<Server>()) };
    let shared = Rc::clone(&server);
    std::mem::forget(server);
    shared.handover.is_dead.set(true);
    listener::close(&shared);
    close_connections(&shared, |_, _| true);
    close_door(&shared);
    if shared.handles.get() == 0 {
        idle(&shared);
    }
}
