//! The access log's lines of what is served in the loop: when they are made, and where they wait for JavaScript to take them.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use super::accept;
use super::connection::Connection;
use super::server::Server;
use crate::bridge::values::flag;
use crate::http::parse::Head;
use crate::http::respond::Ids;
use crate::log::template::Template;
use crate::log::{self, End};

/// Room for lines that is kept, in bytes.
const MOST_KEPT: usize = 1 << 20;

/// What is known of a request under way that is to have a line.
pub struct Logged {
    began: Instant,
    /// Of the answer's body.
    bytes: u64,
    /// Where JavaScript has asked for it.
    id: Option<Box<[u8]>>,
    route: i32,
    /// 0 before the answer.
    status: u16,
}

/// The lines of a server.
pub struct Log {
    /// The same moment by both clocks, as of when lines were taken last: the system's may be set.
    at: Cell<(Instant, Duration)>,
    ids: RefCell<Ids>,
    lines: Cell<u32>,
    template: Template,
    waiting: RefCell<Vec<u8>>,
}

impl Log {
    pub fn new(template: Template) -> Self {
        let (ids, waiting) = (RefCell::new(Ids::new()), RefCell::new(Vec::new()));
        Self { at: Cell::new(moment()), ids, lines: Cell::new(0), template, waiting }
    }

    fn add(&self, bytes: &[u8], head: &Head, logged: &Logged, connection: &Connection, is_aborted: bool, id: &[u8]) {
        let now = Instant::now();
        let (instant, epoch) = self.at.get();
        let end = End {
            bytes: logged.bytes,
            duration: now - logged.began,
            epoch: (epoch + now.saturating_duration_since(instant)).as_millis() as u64,
            id,
            ip: connection.ip.as_deref().unwrap_or_default().as_bytes(),
            is_aborted,
            is_secure: connection.tls.is_some(),
            route: logged.route,
            status: logged.status,
        };
        log::write(&mut self.waiting.borrow_mut(), &self.template, bytes, head, &end);
        self.lines.set(self.lines.get() + 1);
    }

    /// Moves as many whole lines as there is room for, and says how many bytes and lines they are.
    pub fn take(&self, into: &mut [u8]) -> (usize, u32) {
        self.at.set(moment());
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() <= into.len() {
            into[..waiting.len()].copy_from_slice(&waiting);
            let taken = (waiting.len(), self.lines.replace(0));
            waiting.clear();
            waiting.shrink_to(MOST_KEPT);
            return taken;
        }
        let Some(last) = memchr::memrchr(b'\n', &waiting[..into.len()]) else { return (0, 0) };
        into[..=last].copy_from_slice(&waiting[..=last]);
        let lines = memchr::memchr_iter(b'\n', &waiting[..=last]).count() as u32;
        waiting.drain(..=last);
        self.lines.set(self.lines.get() - lines);
        (last + 1, lines)
    }

    /// Bytes that wait.
    pub fn size(&self) -> usize {
        self.waiting.borrow().len()
    }
}

fn moment() -> (Instant, Duration) {
    (Instant::now(), SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

/// A request is about to be handed over.
pub fn begin(server: &Server, slot: u32, route: i32, path: &[u8]) {
    if server.log.as_ref().is_none_or(|log| !log.template.has(path)) {
        return;
    }
    // Asked once: of a connection that is gone nobody could say whose it was.
    let unknown = server.with(slot, |connection| match &connection.ip {
        Some(_) => None,
        None => Some((connection.socket.handle, connection.peer.clone())),
    });
    let ip = unknown.flatten().map(|(tcp, peer)| {
        let text = peer.map(String::from).or_else(|| accept::address_of(server, tcp)).unwrap_or_default();
        text.parse::<IpAddr>().map_or(text, |address| address.to_canonical().to_string()).into_boxed_str()
    });
    server.with(slot, |connection| {
        if ip.is_some() {
            connection.ip = ip;
        }
        connection.logged = Some(Logged { began: Instant::now(), bytes: 0, id: None, route, status: 0 });
    });
}

/// The request is another's to serve, and to log.
pub fn forget(connection: &mut Connection) {
    connection.logged = None;
}

/// JavaScript knows the id of a request: its line has the same.
pub fn name(connection: &mut Connection, id: &[u8]) {
    if let Some(logged) = &mut connection.logged {
        logged.id = Some(id.into());
    }
}

/// An answer begins.
pub fn answers(connection: &mut Connection, status: u32, flags: u32) {
    if let Some(logged) = &mut connection.logged {
        logged.status = (status & 0xffff) as u16;
        if flags & flag::UNROUTED != 0 {
            logged.route = -1;
        }
    }
}

/// Some of its body goes out.
pub fn sends(connection: &mut Connection, bytes: usize) {
    if let Some(logged) = &mut connection.logged {
        logged.bytes += bytes as u64;
    }
}

/// The answer is whole.
///
/// `id` is the one that went out with it, where the answer has none of JavaScript's; `given` the head, where it is with no
/// connection yet.
pub fn ends(server: &Rc<Server>, slot: u32, id: Option<&[u8]>, given: Option<(&[u8], &Head)>) {
    if server.log.is_some() {
        server.with(slot, |connection| line(server, connection, id, given, false));
    }
}

/// A request ends before its answer is whole.
pub fn aborts(server: &Server, connection: &mut Connection) {
    line(server, connection, None, None, true);
}

fn line(
    server: &Server,
    connection: &mut Connection,
    id: Option<&[u8]>,
    given: Option<(&[u8], &Head)>,
    is_aborted: bool,
) {
    let (Some(log), Some(logged)) = (&server.log, connection.logged.take()) else { return };
    let mut made = Vec::new();
    let id = match (&logged.id, id) {
        (Some(known), _) => known,
        (None, Some(sent)) => sent,
        (None, None) => {
            made.reserve(36);
            log.ids.borrow_mut().write(&mut made);
            &made[..]
        }
    };
    let current = server.handover.current.get().filter(|current| current.serial == connection.serial);
    if let Some((bytes, head)) = given {
        log.add(bytes, head, &logged, connection, is_aborted, id);
    } else if let Some(current) = current {
        // SAFETY: `current` is there only while its head is.
        let bytes = unsafe { std::slice::from_raw_parts(current.start, current.length) };
        log.add(bytes, &current.head, &logged, connection, is_aborted, id);
    } else if let Some((bytes, head)) = connection.head.as_deref() {
        log.add(bytes, head, &logged, connection, is_aborted, id);
    }
    server.handover.lines_wait(log.size());
}
