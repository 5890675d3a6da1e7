//! Answers that need no JavaScript: constant ones, and those to paths and methods without a route. Only there when nothing
//! in JavaScript wants to see such requests; the texts come from it, so that they are the same as its own.

use std::rc::Rc;

use napi::Result;
use napi::bindgen_prelude::{Object, Uint8Array};

use super::answer::{self, Ending, flag};
use super::parse::{BodyKind, Head};
use super::respond;
use super::server::Server;

/// A whole answer that is always the same.
struct Constant {
    body: Vec<u8>,
    /// Header lines, each with its CRLF.
    head: Vec<u8>,
    method: Vec<u8>,
    /// And the index of the content type, times 65,536.
    status: u32,
}

/// A problem document: the text before, between and after what differs from request to request. What differs is the
/// path or the method, and the request's id.
struct Template {
    parts: [Vec<u8>; 3],
    /// The index of its content type, times 65,536.
    type_index: u32,
}

#[derive(Default)]
pub struct Fixed {
    not_found: Option<Template>,
    /// By number.
    routes: Vec<Route>,
}

#[derive(Default)]
struct Route {
    constants: Vec<Constant>,
    methods: Option<Methods>,
}

/// What answers OPTIONS, and a method without a route.
struct Methods {
    /// A header line.
    allow: Vec<u8>,
    /// Those that JavaScript answers.
    known: Vec<Vec<u8>>,
    not_allowed: Template,
}

impl Fixed {
    /// Reads the member `fixed` of a server's options.
    pub fn read(options: &Object) -> Result<Self> {
        let Some(given) = options.get::<Object>("fixed")? else { return Ok(Self::default()) };
        let mut fixed = Self::default();
        for each in given.get::<Vec<Object>>("constants")?.unwrap_or_default() {
            let constant = Constant {
                body: each.get::<Uint8Array>("body")?.map(|body| body.to_vec()).unwrap_or_default(),
                head: text(&each, "lines")?,
                method: text(&each, "method")?,
                status: each.get::<u32>("status")?.unwrap_or_default(),
            };
            fixed.route(&each)?.constants.push(constant);
        }
        if let Some(document) = given.get::<Object>("notFound")? {
            fixed.not_found = Some(template(&document)?);
        }
        for each in given.get::<Vec<Object>>("methods")?.unwrap_or_default() {
            let known = each.get::<Vec<String>>("known")?.unwrap_or_default();
            let methods = Methods {
                allow: text(&each, "allow")?,
                known: known.into_iter().map(String::into_bytes).collect(),
                not_allowed: template(&each)?,
            };
            fixed.route(&each)?.methods = Some(methods);
        }
        Ok(fixed)
    }

    /// The route that an answer is of.
    fn route(&mut self, answer: &Object) -> Result<&mut Route> {
        let number = answer.get::<u32>("route")?.unwrap_or_default() as usize;
        if number >= self.routes.len() {
            self.routes.resize_with(number + 1, Route::default);
        }
        Ok(&mut self.routes[number])
    }
}

fn text(object: &Object, name: &str) -> Result<Vec<u8>> {
    Ok(object.get::<String>(name)?.unwrap_or_default().into_bytes())
}

fn template(object: &Object) -> Result<Template> {
    let mut parts = object.get::<Vec<String>>("parts")?.unwrap_or_default().into_iter();
    let mut next = || parts.next().unwrap_or_default().into_bytes();
    let parts = [next(), next(), next()];
    Ok(Template { parts, type_index: object.get::<u32>("type")?.unwrap_or_default() })
}

/// Answers a request if it can be answered here. One with a body goes to JavaScript, which knows what to do with that.
pub fn answer(server: &Rc<Server>, slot: u32, bytes: &[u8], head: &Head, route: i32) -> bool {
    let fixed = &server.fixed;
    if head.body != BodyKind::None {
        return false;
    }
    let method = head.method.of(bytes);
    let is_head = method == b"HEAD";
    if route < 0 {
        let path = head.path.of(bytes);
        let Some(document) = &fixed.not_found else { return false };
        // `OPTIONS *` has an answer of its own, and what JSON would have to escape is left to JavaScript.
        if path == b"*" || path.contains(&b'"') || path.contains(&b'\\') {
            return false;
        }
        write(server, slot, 404, b"", Body::Document(document, path), is_head);
        return true;
    }
    let Some(given) = fixed.routes.get(route as usize) else { return false };
    let of_method = |constant: &&Constant| constant.method == method || (is_head && constant.method == b"GET");
    if let Some(constant) = given.constants.iter().find(of_method) {
        write(server, slot, constant.status, &constant.head, Body::Bytes(&constant.body), is_head);
        return true;
    }
    let Some(methods) = &given.methods else { return false };
    if methods.known.iter().any(|known| known == method) {
        return false;
    }
    if method == b"OPTIONS" {
        write(server, slot, 204, &methods.allow, Body::None, is_head);
    } else {
        write(server, slot, 405, &methods.allow, Body::Document(&methods.not_allowed, method), is_head);
    }
    true
}

enum Body<'a> {
    Bytes(&'a [u8]),
    Document(&'a Template, &'a [u8]),
    None,
}

fn write(server: &Rc<Server>, slot: u32, status: u32, head: &[u8], body: Body, is_head: bool) {
    let closes = server.with(slot, |connection| connection.closes).unwrap_or(true);
    answer::gather(server, slot, |out, state| match body {
        Body::Bytes(bytes) => {
            answer::start(server, out, state, status, 0, head, Ending { closes, has_length: true });
            with_length(out, bytes, is_head);
        }
        Body::Document(document, subject) => {
            // The id stands in the head and in the document: so it is made first.
            let mut id = Vec::with_capacity(36);
            state.ids.write(&mut id);
            let [before, between, after] = &document.parts;
            let body = [before.as_slice(), subject, between, &id, after].concat();
            let lines =
                if server.defaults.sends_id { [head, b"X-Request-ID: ", &id, b"\r\n"].concat() } else { head.to_vec() };
            let status = status | document.type_index;
            let ending = Ending { closes, has_length: true };
            answer::start(server, out, state, status, flag::HAS_ID, &lines, ending);
            with_length(out, &body, is_head);
        }
        Body::None => {
            answer::start(server, out, state, status, 0, head, Ending { closes, has_length: false });
            out.extend_from_slice(b"\r\n");
        }
    });
    answer::complete(server, slot);
}

fn with_length(out: &mut Vec<u8>, body: &[u8], is_head: bool) {
    respond::number(out, body.len() as u64);
    out.extend_from_slice(b"\r\n\r\n");
    if !is_head {
        out.extend_from_slice(body);
    }
}
