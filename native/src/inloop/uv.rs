//! libuv, as the host process has it: its symbols are looked up when the first server is made, so that the addon links
//! without them, on every platform. Only what the engine calls is here.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::mem::MaybeUninit;
use std::sync::OnceLock;

pub enum Loop {}
/// Every handle begins with the pointer that is ours.
#[repr(C)]
pub struct Handle {
    pub data: *mut c_void,
}
/// Every request does too.
#[repr(C)]
pub struct Request {
    pub data: *mut c_void,
}

// `uv_buf_t` has its members the other way round on Windows.
#[cfg(not(windows))]
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Buffer {
    pub base: *mut c_char,
    pub len: usize,
}
#[cfg(windows)]
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Buffer {
    pub len: u32,
    pub base: *mut c_char,
}

impl Buffer {
    pub fn over(bytes: &[u8]) -> Self {
        Self { base: bytes.as_ptr().cast_mut().cast(), len: bytes.len() as _ }
    }
}

/// `uv_os_sock_t`.
#[cfg(not(windows))]
pub type OsSocket = c_int;
#[cfg(windows)]
pub type OsSocket = usize;

/// Room for a `sockaddr_in` or `sockaddr_in6`.
#[repr(C, align(8))]
pub struct Address(pub [u8; 128]);

impl Address {
    pub fn empty() -> Self {
        Self([0; 128])
    }
}

pub type AllocateCallback = unsafe extern "C" fn(*mut Handle, usize, *mut Buffer);
pub type AsyncCallback = unsafe extern "C" fn(*mut Handle);
pub type CheckCallback = unsafe extern "C" fn(*mut Handle);
pub type CloseCallback = unsafe extern "C" fn(*mut Handle);
pub type ConnectionCallback = unsafe extern "C" fn(*mut Handle, c_int);
pub type ReadCallback = unsafe extern "C" fn(*mut Handle, isize, *const Buffer);
pub type RequestCallback = unsafe extern "C" fn(*mut Request, c_int);
pub type TimerCallback = unsafe extern "C" fn(*mut Handle);

/// `uv_handle_type`, which libuv keeps stable within its major version.
pub const ASYNC: c_int = 1;
pub const CHECK: c_int = 2;
pub const TCP: c_int = 12;
pub const TIMER: c_int = 13;
/// `uv_req_type`.
pub const WRITE: c_int = 3;
pub const SHUTDOWN: c_int = 4;
/// Seven ones: an address family where none is known yet.
pub const EOF: isize = -4095;
#[cfg(windows)]
pub const ENOBUFS: isize = -4060;
#[cfg(unix)]
pub const ENOBUFS: isize = -(libc::ENOBUFS as isize);

macro_rules! functions {
    ($($(#[$when:meta])? $name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The functions, by their names without `uv_`.
        #[allow(non_snake_case)]
        pub struct Uv { $($(#[$when])? pub $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)* }

        impl Uv {
            fn load() -> Result<Self, String> {
                let host = host()?;
                Ok(Self { $($(#[$when])? $name: {
                    let name = concat!("uv_", stringify!($name), "\0");
                    // SAFETY: the type is that of the function in libuv's own header.
                    let found = unsafe { host.get(name.as_bytes()) };
                    *found.map_err(|error| format!("the host process has no {name}: {error}"))?
                },)* })
            }
        }
    };
}

functions! {
    async_init: fn(*mut Loop, *mut Handle, AsyncCallback) -> c_int;
    async_send: fn(*mut Handle) -> c_int;
    accept: fn(*mut Handle, *mut Handle) -> c_int;
    check_init: fn(*mut Loop, *mut Handle) -> c_int;
    check_start: fn(*mut Handle, CheckCallback) -> c_int;
    close: fn(*mut Handle, Option<CloseCallback>);
    err_name_r: fn(c_int, *mut c_char, usize) -> *mut c_char;
    #[cfg(unix)]
    fileno: fn(*const Handle, *mut c_int) -> c_int;
    handle_get_type: fn(*const Handle) -> c_int;
    handle_size: fn(c_int) -> usize;
    #[cfg(not(target_os = "linux"))]
    hrtime: fn() -> u64;
    ip4_addr: fn(*const c_char, c_int, *mut Address) -> c_int;
    ip6_addr: fn(*const c_char, c_int, *mut Address) -> c_int;
    ip_name: fn(*const Address, *mut c_char, usize) -> c_int;
    listen: fn(*mut Handle, c_int, ConnectionCallback) -> c_int;
    now: fn(*const Loop) -> u64;
    read_start: fn(*mut Handle, AllocateCallback, ReadCallback) -> c_int;
    read_stop: fn(*mut Handle) -> c_int;
    req_size: fn(c_int) -> usize;
    shutdown: fn(*mut Request, *mut Handle, RequestCallback) -> c_int;
    stream_get_write_queue_size: fn(*const Handle) -> usize;
    strerror_r: fn(c_int, *mut c_char, usize) -> *mut c_char;
    tcp_bind: fn(*mut Handle, *const Address, c_uint) -> c_int;
    tcp_getpeername: fn(*const Handle, *mut Address, *mut c_int) -> c_int;
    tcp_getsockname: fn(*const Handle, *mut Address, *mut c_int) -> c_int;
    tcp_init: fn(*mut Loop, *mut Handle) -> c_int;
    tcp_nodelay: fn(*mut Handle, c_int) -> c_int;
    tcp_open: fn(*mut Handle, OsSocket) -> c_int;
    timer_init: fn(*mut Loop, *mut Handle) -> c_int;
    timer_start: fn(*mut Handle, TimerCallback, u64, u64) -> c_int;
    #[cfg(not(target_os = "linux"))]
    try_write: fn(*mut Handle, *const Buffer, c_uint) -> c_int;
    unref: fn(*mut Handle);
    write: fn(*mut Request, *mut Handle, *const Buffer, c_uint, RequestCallback) -> c_int;
}

#[cfg(unix)]
fn host() -> Result<libloading::os::unix::Library, String> {
    Ok(libloading::os::unix::Library::this())
}

#[cfg(windows)]
fn host() -> Result<libloading::os::windows::Library, String> {
    libloading::os::windows::Library::this().map_err(|error| error.to_string())
}

static UV: OnceLock<Result<Uv, String>> = OnceLock::new();

/// The functions, or the reason why the host has none. Function addresses are the same for the whole process; nothing
/// else in the engine is static.
pub fn functions() -> Result<&'static Uv, String> {
    UV.get_or_init(Uv::load).as_ref().map_err(Clone::clone)
}

impl Uv {
    /// Memory for a handle, zeroed; [`free`](Self::free) takes it back once its close callback has run.
    pub fn handle(&self, kind: c_int) -> *mut Handle {
        // SAFETY: asks for a size only.
        let words = unsafe { (self.handle_size)(kind) }.div_ceil(8);
        Box::into_raw(vec![0_u64; words].into_boxed_slice()).cast()
    }

    /// # Safety
    /// The handle came from [`handle`](Self::handle) for the same kind, and libuv has let go of it.
    pub unsafe fn free(&self, handle: *mut Handle, kind: c_int) {
        // SAFETY: the size is the one of the allocation.
        unsafe {
            let words = (self.handle_size)(kind).div_ceil(8);
            drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(handle.cast::<u64>(), words)));
        }
    }

    /// Words of memory for a request.
    pub fn request(&self, kind: c_int) -> Box<[u64]> {
        // SAFETY: asks for a size only.
        vec![0; unsafe { (self.req_size)(kind) }.div_ceil(8)].into_boxed_slice()
    }

    /// The name of an error, such as `EADDRINUSE`, and what it says.
    pub fn error(&self, code: c_int) -> (String, String) {
        let mut name = [0; 64];
        let mut text = [0; 256];
        // SAFETY: libuv writes a terminated string within the size it is told.
        unsafe {
            (self.err_name_r)(code, name.as_mut_ptr(), name.len());
            (self.strerror_r)(code, text.as_mut_ptr(), text.len());
            (string(name.as_ptr()), string(text.as_ptr()))
        }
    }

    /// An address as text, and its port.
    pub fn text_of(&self, address: &Address) -> (String, u16) {
        let mut text = [MaybeUninit::<c_char>::zeroed(); 64];
        // SAFETY: as above.
        let name = unsafe {
            (self.ip_name)(address, text.as_mut_ptr().cast(), text.len());
            string(text.as_ptr().cast())
        };
        // The port stands at the same place in both kinds of address, in network order.
        (name, u16::from_be_bytes([address.0[2], address.0[3]]))
    }
}

unsafe fn string(text: *const c_char) -> String {
    // SAFETY: the caller gives a terminated string.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
