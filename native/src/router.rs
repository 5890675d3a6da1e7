//! A radix tree over the bytes of route shapes. No N-API here: `cargo test` runs this file by itself.
//!
//! Precedence: a shape without a wildcard wins over one with; among wildcards the deepest wins (most segments before
//! its `*`); what is left is settled segment by segment, literal before parameter. The walk tries literals first, so
//! the first exact match that it meets is the right one, and so is the first wildcard of each depth.
//!
//! Written here rather than taken from the matchit crate because that allows 25 parameters, allocates in a match that
//! backtracks or has more than three, and refuses `:x` and `*y` at one place, which would take one tree for each depth.
//!
//! `src/native/fallback/router.ts` is the same tree in TypeScript: they change together, and the tests compare them.

use std::{fmt, mem};

/// The most parameters a shape may have, its wildcard included.
pub const MAX_PARAMETERS: usize = 32;

/// Where each parameter of a match starts and ends in the path: start, end, start, end…
pub type Offsets = [u32; 2 * MAX_PARAMETERS];

/// The node of the leading slash, which every shape has: so its prefix is never compared.
const ROOT: usize = 0;

#[derive(Debug, PartialEq)]
pub enum InsertError {
    Duplicate { shape: String },
    NotAscii { shape: String },
    Relative { shape: String },
    TooManyParameters { count: usize, shape: String },
}

impl fmt::Display for InsertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate { shape } => write!(f, "route shape {shape} is registered already"),
            Self::NotAscii { shape } => write!(f, "route shape {shape} is not ASCII; percent-encode it"),
            Self::Relative { shape } => write!(f, "route shape {shape} does not start with a slash"),
            Self::TooManyParameters { count, shape } => {
                write!(f, "route shape {shape} has {count} parameters; the most is {MAX_PARAMETERS}")
            }
        }
    }
}

impl std::error::Error for InsertError {}

#[derive(Clone, Default)]
struct Node {
    children: Vec<usize>,
    exact: Option<u32>,
    /// The first byte of each child's prefix, in the order of `children`.
    first_bytes: Vec<u8>,
    /// The child that takes a whole segment, whatever it holds.
    parameter: Option<usize>,
    /// The literal bytes between the parent and this node; empty for a parameter.
    prefix: Box<[u8]>,
    wildcard: Option<Wildcard>,
}

#[derive(Clone, Copy)]
struct Wildcard {
    depth: usize,
    id: u32,
}

/// How far a walk has come: a node, the bytes of the path behind it, and the offsets captured on the way.
#[derive(Clone, Copy)]
struct Place {
    captured: usize,
    node: usize,
    position: usize,
}

/// What a walk through the table needs, kept between walks so that none allocates.
pub struct Walk {
    /// Offsets of the deepest wildcard met so far.
    deepest: Offsets,
    /// Parameters that were passed over for a literal, to come back to when the literal leads nowhere.
    untried: Vec<Place>,
}

impl Default for Walk {
    fn default() -> Self {
        Self { deepest: [0; 2 * MAX_PARAMETERS], untried: Vec::new() }
    }
}

/// What a path has matched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// How many offsets there are.
    pub captured: usize,
    pub id: u32,
}

/// Maps paths to the ids of the shapes that they match.
#[derive(Clone)]
pub struct Router {
    nodes: Vec<Node>,
}

impl Default for Router {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl Router {
    /// Adds a shape: a slash, then segments split by slashes. The segment `:` is a parameter of one byte or more, a
    /// last segment `*` is the rest of the path (one byte or more), and any other segment is literal.
    pub fn insert(&mut self, shape: &str, id: u32) -> Result<(), InsertError> {
        let segments = segments(shape)?;
        let last = segments.len() - 1;
        let mut literal = Vec::new();
        let mut node = ROOT;
        for (depth, &segment) in segments.iter().enumerate() {
            match segment {
                "*" if depth == last => {
                    node = self.literal(node, &literal);
                    let wildcard = &mut self.nodes[node].wildcard;
                    return register(wildcard, Wildcard { depth, id }, shape);
                }
                ":" => {
                    node = self.literal(node, &literal);
                    node = self.parameter(node);
                    literal.clear();
                }
                _ => literal.extend_from_slice(segment.as_bytes()),
            }
            if depth < last {
                literal.push(b'/');
            }
        }
        node = self.literal(node, &literal);
        register(&mut self.nodes[node].exact, id, shape)
    }

    /// The shape that `path` matches. `offsets` then begins with the offsets of its parameters, in order; after a miss
    /// they mean nothing.
    pub fn find(&self, walk: &mut Walk, path: &[u8], offsets: &mut Offsets) -> Option<Match> {
        if path.first() != Some(&b'/') {
            return None;
        }
        let Self { nodes } = self;
        let Walk { deepest, untried } = walk;
        let mut best: Option<(Wildcard, usize)> = None;
        let mut place = Place { captured: 0, node: ROOT, position: 1 };
        untried.clear();
        loop {
            let Place { captured, position, .. } = place;
            let node = &nodes[place.node];
            if let Some(&byte) = path.get(position) {
                if let Some(wildcard) = node.wildcard
                    && best.is_none_or(|(best, _)| wildcard.depth > best.depth)
                {
                    deepest[..captured].copy_from_slice(&offsets[..captured]);
                    deepest[captured] = position as u32;
                    deepest[captured + 1] = path.len() as u32;
                    best = Some((wildcard, captured + 2));
                }
                if let Some(parameter) = node.parameter
                    && byte != b'/'
                {
                    untried.push(Place { node: parameter, ..place });
                }
                if let Some(index) = node.first_bytes.iter().position(|&first| first == byte) {
                    let child = node.children[index];
                    let prefix = &nodes[child].prefix;
                    if path[position..].starts_with(prefix) {
                        place = Place { captured, node: child, position: position + prefix.len() };
                        continue;
                    }
                }
            } else if let Some(id) = node.exact {
                return Some(Match { captured, id });
            }
            let Some(Place { captured, node, position }) = untried.pop() else {
                let (wildcard, captured) = best?;
                offsets[..captured].copy_from_slice(&deepest[..captured]);
                return Some(Match { captured, id: wildcard.id });
            };
            let rest = &path[position..];
            let end = position + rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
            offsets[captured] = position as u32;
            offsets[captured + 1] = end as u32;
            place = Place { captured: captured + 2, node, position: end };
        }
    }

    /// The node that `bytes` lead to from `node`, made when it is not there.
    fn literal(&mut self, mut node: usize, mut bytes: &[u8]) -> usize {
        while let Some(&byte) = bytes.first() {
            let Some(index) = self.nodes[node].first_bytes.iter().position(|&first| first == byte) else {
                let child = self.push(Node { prefix: bytes.into(), ..Node::default() });
                self.nodes[node].children.push(child);
                self.nodes[node].first_bytes.push(byte);
                return child;
            };
            node = self.nodes[node].children[index];
            let prefix = &self.nodes[node].prefix;
            let shared = prefix.iter().zip(bytes).take_while(|(left, right)| left == right).count();
            if shared < prefix.len() {
                self.split(node, shared);
            }
            bytes = &bytes[shared..];
        }
        node
    }

    fn parameter(&mut self, node: usize) -> usize {
        match self.nodes[node].parameter {
            Some(parameter) => parameter,
            None => {
                let parameter = self.push(Node::default());
                self.nodes[node].parameter = Some(parameter);
                parameter
            }
        }
    }

    fn push(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Leaves the first `length` bytes of the prefix in `node`, and moves everything else into a child of it.
    fn split(&mut self, node: usize, length: usize) {
        let mut lower = mem::take(&mut self.nodes[node]);
        let (upper, rest) = lower.prefix.split_at(length);
        let (prefix, first_bytes) = (upper.into(), vec![rest[0]]);
        lower.prefix = rest.into();
        let children = vec![self.push(lower)];
        self.nodes[node] = Node { children, first_bytes, prefix, ..Node::default() };
    }
}

fn register<T>(slot: &mut Option<T>, value: T, shape: &str) -> Result<(), InsertError> {
    if slot.is_some() {
        return Err(InsertError::Duplicate { shape: shape.into() });
    }
    *slot = Some(value);
    Ok(())
}

fn segments(shape: &str) -> Result<Vec<&str>, InsertError> {
    let Some(relative) = shape.strip_prefix('/') else {
        return Err(InsertError::Relative { shape: shape.into() });
    };
    if !shape.is_ascii() {
        return Err(InsertError::NotAscii { shape: shape.into() });
    }
    let segments: Vec<&str> = relative.split('/').collect();
    let wildcard = usize::from(segments.last() == Some(&"*"));
    let count = wildcard + segments.iter().filter(|&&segment| segment == ":").count();
    if count > MAX_PARAMETERS {
        return Err(InsertError::TooManyParameters { count, shape: shape.into() });
    }
    Ok(segments)
}

#[cfg(test)]
#[path = "router_test.rs"]
mod tests;
