//! What changes while a server runs.

use std::collections::HashMap;
use std::ptr::null_mut;

use super::connection::Connection;
use super::listener::Listener;
use super::outgoing::Outgoing;
use super::uv::Handle;
use crate::http::respond::{Clock, Ids};

pub struct State {
    /// How many connections there have been.
    pub accepted: u32,
    /// By slot; a free one is `None`.
    pub connections: Vec<Option<Connection>>,
    pub clock: Clock,
    pub free: Vec<u32>,
    /// How many connections each address has, where that is limited.
    pub by_address: HashMap<Box<str>, u32>,
    pub ids: Ids,
    /// Room for what the records of one connection hold.
    pub opened: Vec<u8>,
    pub listeners: Vec<Listener>,
    /// Listeners with a connection that waits for another to end.
    pub waiting: Vec<*mut Handle>,
    pub open: u32,
    pub outgoing: Outgoing,
    /// Connections to go on with once the corked one is done: one at a time gathers answers and hands requests over.
    pub resumable: Vec<u32>,
    pub serial: u32,
    /// The timer of the sweeps, and the check that ends each round of the loop.
    pub timer: *mut Handle,
    pub check: *mut Handle,
}

impl State {
    pub fn new() -> Self {
        Self {
            accepted: 0,
            connections: Vec::new(),
            clock: Clock::new(),
            free: Vec::new(),
            by_address: HashMap::new(),
            ids: Ids::new(),
            opened: Vec::new(),
            listeners: Vec::new(),
            waiting: Vec::new(),
            open: 0,
            outgoing: Outgoing::new(),
            resumable: Vec::new(),
            serial: 0,
            timer: null_mut(),
            check: null_mut(),
        }
    }
}
