//! What is the same in all lines of a log, settled when the server is made.

use std::collections::HashSet;
use std::time::Duration;

use napi::Result;
use napi::bindgen_prelude::Object;

use crate::http::names::Names;

/// How a header is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HeaderKind {
    /// Its value is a credential.
    Hidden,
    Plain,
    /// Its value may have credentials in its query.
    Url,
}

/// A header of requests that lines have.
pub struct Header {
    pub bit: u32,
    pub kind: HeaderKind,
    /// From the comma before it up to the quote that its value begins with.
    pub member: Vec<u8>,
    /// In lower case.
    pub name: Box<[u8]>,
}

/// Paths: themselves, or all that begin as one of them.
#[derive(Default)]
pub struct Paths {
    pub beginnings: Vec<Vec<u8>>,
    pub exact: HashSet<Vec<u8>>,
}

impl Paths {
    fn has(&self, path: &[u8]) -> bool {
        self.exact.contains(path) || self.beginnings.iter().any(|beginning| path.starts_with(beginning))
    }

    fn read(options: &Object, name: &str) -> Result<Option<Self>> {
        let Some(given) = options.get::<Object>(name)? else { return Ok(None) };
        let list = |name: &str| Ok::<_, napi::Error>(given.get::<Vec<String>>(name)?.unwrap_or_default());
        Ok(Some(Self {
            beginnings: list("beginnings")?.into_iter().map(String::into_bytes).collect(),
            exact: list("exact")?.into_iter().map(String::into_bytes).collect(),
        }))
    }
}

#[derive(Default)]
pub struct Template {
    /// What ends the line of a request that was aborted, and of any other.
    pub aborted: Vec<u8>,
    pub completed: Vec<u8>,
    pub headers: Vec<Header>,
    /// Of queries whose values are credentials; in lower case.
    pub keys: HashSet<String>,
    /// The only paths that are logged; all without.
    pub only: Option<Paths>,
    /// From the time to the id of the request.
    pub process: Vec<u8>,
    /// By the number of the route: the methods, and the members that name the pattern.
    pub routes: Vec<Vec<(Vec<u8>, Vec<u8>)>>,
    /// Paths that are not logged.
    pub skip: Option<Paths>,
    /// From when on a request is slow.
    pub slow: Duration,
}

/// Longer than any request takes, where there is no such duration.
fn in_milliseconds(time: f64) -> Duration {
    Duration::try_from_secs_f64(time / 1000.0).unwrap_or(Duration::MAX)
}

impl Template {
    /// Reads the member `log` of a server's options; `None` where there is none.
    pub fn read(options: &Object) -> Result<Option<Self>> {
        let Some(given) = options.get::<Object>("log")? else { return Ok(None) };
        let text = |name: &str| Ok::<_, napi::Error>(given.get::<String>(name)?.unwrap_or_default().into_bytes());
        let mut template = Self {
            aborted: text("aborted")?,
            completed: text("completed")?,
            keys: given.get::<Vec<String>>("keys")?.unwrap_or_default().into_iter().collect(),
            only: Paths::read(&given, "only")?,
            process: text("process")?,
            skip: Paths::read(&given, "skip")?,
            slow: given.get::<f64>("slow")?.map_or(Duration::MAX, in_milliseconds),
            ..Self::default()
        };
        for each in given.get::<Vec<Object>>("headers")?.unwrap_or_default() {
            let name = each.get::<String>("name")?.unwrap_or_default();
            template.headers.push(Header {
                bit: Names::bit(name.as_bytes()),
                kind: match each.get::<String>("kind")?.as_deref() {
                    Some("hidden") => HeaderKind::Hidden,
                    Some("url") => HeaderKind::Url,
                    _ => HeaderKind::Plain,
                },
                member: each.get::<String>("member")?.unwrap_or_default().into_bytes(),
                name: name.into_bytes().into(),
            });
        }
        for each in options.get::<Vec<Object>>("patterns")?.unwrap_or_default() {
            let text = |name: &str| Ok::<_, napi::Error>(each.get::<String>(name)?.unwrap_or_default().into_bytes());
            let route = each.get::<u32>("route")?.unwrap_or_default() as usize;
            template.routes.resize_with(template.routes.len().max(route + 1), Vec::new);
            template.routes[route].push((text("method")?, text("member")?));
        }
        Ok(Some(template))
    }

    /// Whether requests for a path are logged.
    pub fn has(&self, path: &[u8]) -> bool {
        self.only.as_ref().is_none_or(|only| only.has(path)) && self.skip.as_ref().is_none_or(|skip| !skip.has(path))
    }

    /// The member that names the pattern of a route; empty where none answers that method.
    pub fn route(&self, route: i32, method: &[u8]) -> &[u8] {
        let methods =
            usize::try_from(route).ok().and_then(|route| self.routes.get(route)).map_or(&[][..], Vec::as_slice);
        let found = methods.iter().find(|(known, _)| known == method);
        // A GET answers HEAD too (RFC 9110, 9.3.2).
        let found = found.or_else(|| methods.iter().find(|(known, _)| method == b"HEAD" && known == b"GET"));
        found.map_or(&[], |(_, member)| member)
    }
}
