//! Headers by name. Most that are asked for are not there, and a few bits tell so without a call. Pure.

/// Which names there are, by a bit that each shares with others. `src/transports/native-headers.ts` computes the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names(pub u32);

impl Names {
    pub fn add(&mut self, name: &[u8]) {
        self.0 |= Self::bit(name);
    }

    /// The bit of a name, in any letter case.
    pub fn bit(name: &[u8]) -> u32 {
        let (Some(first), Some(last)) = (name.first(), name.last()) else { return 0 };
        // Chosen so that the usual headers of requests seldom share a bit with those that are asked for by name.
        let sum = name.len() as u32 + 18 * u32::from(first | 0x20) + 7 * u32::from(last | 0x20);
        1 << (sum & 31)
    }
}

/// A header whose value JavaScript wants with each request.
pub struct Wanted {
    bit: u32,
    name: Box<[u8]>,
}

impl Wanted {
    /// Of a name in lower case.
    pub fn new(name: &[u8]) -> Self {
        Self { bit: Names::bit(name), name: name.into() }
    }

    /// The value in the lines of a head, where there is just one.
    pub fn value<'a>(&self, names: Names, lines: &'a [u8]) -> Option<&'a [u8]> {
        if names.0 & self.bit == 0 {
            return None;
        }
        let mut values = values(lines, &self.name);
        let first = values.next()?;
        values.next().is_none().then_some(first)
    }
}

/// The values of a header in lines of a head that has been parsed, in their order.
pub fn values<'a>(lines: &'a [u8], name: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', lines);
    ends.filter_map(move |end| {
        let line = &lines[std::mem::replace(&mut start, end + 1)..end];
        // Few lines have their colon at the same place.
        if line.get(name.len()) != Some(&b':') || !line[..name.len()].eq_ignore_ascii_case(name) {
            return None;
        }
        Some(trimmed(&line[name.len() + 1..]))
    })
}

/// Without the spaces and tabs around it (RFC 9110, 5.5), and the end of the line.
fn trimmed(value: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let start = value.iter().position(|byte| !is_space(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_space(byte)).map_or(start, |last| last + 1);
    &value[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(lines: &str, name: &str) -> Vec<String> {
        values(lines.as_bytes(), name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned()).collect()
    }

    #[test]
    fn finds_a_header_in_any_letter_case_and_without_what_is_around_its_value() {
        let lines = "Host: a\r\nX-A:1\r\nx-ab: no\r\nX-a: \t 2 3\t \r\nEmpty:\r\nY:x-a: 4\r\n";
        assert_eq!(all(lines, "x-a"), ["1", "2 3"]);
        assert_eq!(all(lines, "host"), ["a"]);
        assert_eq!(all(lines, "empty"), [""]);
        assert_eq!(all(lines, "y"), ["x-a: 4"]);
        for absent in ["x", "a", "hosts", "nothing-of-the-kind-is-there-at-all-in-these-lines-whatever-one-does"] {
            assert!(all(lines, absent).is_empty(), "{absent}");
        }
    }

    #[test]
    fn hands_over_what_stands_there_once() {
        let lines = b"Origin: a\r\nX-A: 1\r\nX-A: 2\r\n";
        let mut names = Names::default();
        for name in ["Origin", "X-A"] {
            names.add(name.as_bytes());
        }
        assert_eq!(Wanted::new(b"origin").value(names, lines), Some(&b"a"[..]));
        assert_eq!(Wanted::new(b"x-a").value(names, lines), None);
        assert_eq!(Wanted::new(b"cookie").value(names, lines), None);
        assert_eq!(Wanted::new(b"").value(names, lines), None);
    }

    #[test]
    fn has_a_bit_for_each_name() {
        let mut names = Names::default();
        names.add(b"Origin");
        let upper = names;
        names.add(b"origin");
        assert_eq!(names.0, upper.0);
        assert_eq!(names.0.count_ones(), 1);
    }
}
