//! Handles of libuv, and where they belong.

use std::ffi::c_void;
use std::rc::Rc;

use super::server::Server;
use super::timers;
use super::uv::Handle;

/// What a handle of libuv carries: where it belongs.
pub struct Owner {
    pub server: Rc<Server>,
    pub slot: u32,
}

/// # Safety
/// The handle is one of ours, and open or just closing.
pub unsafe fn owner<'a>(handle: *mut Handle) -> &'a Owner {
    // SAFETY: the listener puts an `Owner` there, and only the close callback takes it away.
    unsafe { &*(*handle).data.cast::<Owner>() }
}

/// Takes back what a handle had.
pub unsafe extern "C" fn on_closed(handle: *mut Handle) {
    // SAFETY: libuv has let go of the handle; the owner was made by `Box::into_raw`.
    unsafe {
        let owner = Box::from_raw((*handle).data.cast::<Owner>());
        owner.server.uv.free(handle, (owner.server.uv.handle_get_type)(handle));
        if owner.slot != u32::MAX {
            owner.server.state.borrow_mut().free.push(owner.slot);
        }
        timers::released(&owner.server);
    }
}

/// Puts an owner on a handle.
///
/// # Safety
/// The handle is initialised, and its close callback takes the owner back.
pub unsafe fn own(handle: *mut Handle, server: &Rc<Server>, slot: u32) {
    let owner = Box::new(Owner { server: Rc::clone(server), slot });
    // SAFETY: the first member of every handle is the pointer that is ours.
    unsafe { (*handle).data = Box::into_raw(owner).cast::<c_void>() };
    server.handles.set(server.handles.get() + 1);
}
