//! Answers that need no JavaScript: constant ones, and those to paths and methods without a route. Only there when nothing
//! in JavaScript wants to see such requests; the texts come from it, so that they are the same as its own.

use napi::Result;
use napi::bindgen_prelude::{Object, Uint8Array};

use crate::http::parse::{BodyKind, Head};

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
pub struct Template {
    pub parts: [Vec<u8>; 3],
    /// The index of its content type, times 65,536.
    pub type_index: u32,
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

/// An answer that needs no JavaScript.
pub struct Found<'a> {
    pub body: Given<'a>,
    /// Header lines, each with its CRLF.
    pub head: &'a [u8],
    pub is_head: bool,
    /// And the index of the content type, times 65,536.
    pub status: u32,
}

pub enum Given<'a> {
    Bytes(&'a [u8]),
    /// And what stands between its first two parts.
    Document(&'a Template, &'a [u8]),
    None,
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

    /// The answer to a request, if there is one. A request with a body goes to JavaScript, which knows what to do with that.
    pub fn find<'a>(&'a self, bytes: &'a [u8], head: &Head, route: i32) -> Option<Found<'a>> {
        if head.body != BodyKind::None {
            return None;
        }
        let method = head.method.of(bytes);
        let is_head = method == b"HEAD";
        if route < 0 {
            let path = head.path.of(bytes);
            let document = self.not_found.as_ref()?;
            // `OPTIONS *` has an answer of its own, and what JSON would have to escape is left to JavaScript.
            if path == b"*" || path.contains(&b'"') || path.contains(&b'\\') {
                return None;
            }
            return Some(Found { body: Given::Document(document, path), head: b"", is_head, status: 404 });
        }
        let given = self.routes.get(route as usize)?;
        let of_method = |constant: &&Constant| constant.method == method || (is_head && constant.method == b"GET");
        if let Some(constant) = given.constants.iter().find(of_method) {
            let Constant { body, head, status, .. } = constant;
            return Some(Found { body: Given::Bytes(body), head, is_head, status: *status });
        }
        let methods = given.methods.as_ref()?;
        if methods.known.iter().any(|known| known == method) {
            return None;
        }
        let head = &methods.allow;
        Some(if method == b"OPTIONS" {
            Found { body: Given::None, head, is_head, status: 204 }
        } else {
            Found { body: Given::Document(&methods.not_allowed, method), head, is_head, status: 405 }
        })
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
