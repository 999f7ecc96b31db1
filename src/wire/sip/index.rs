//! A message indexed where it lies: the start line and the span of every header field, nothing copied or allocated.
//! Reads nothing inside a value; what is wrong but can still be answered is noted as a flaw.

use super::error::{ParseError, ParseErrorKind};
use super::grammar::{is_token_all, trim_end, trim_start};
use super::header_name::{HEADER_NAMES, HeaderName};
use super::message::StartLine;
use super::method::Method;
use crate::base::limits;

/// No further field of that name.
const NONE: u8 = u8::MAX;
const _: () = assert!(limits::SIP_HEADERS < NONE as usize);
const _: () = assert!(limits::SIP_MESSAGE_BYTES <= u16::MAX as usize);

/// One header field's place.
#[derive(Clone, Copy)]
struct Field {
    name: HeaderName,
    /// The next field of the same name.
    next: u8,
    at: u16,
    value_at: u16,
    value_end: u16,
}

const NO_FIELD: Field = Field { name: HeaderName::Other, next: NONE, at: 0, value_at: 0, value_end: 0 };

/// Where everything is.
#[derive(Clone)]
pub(super) struct Index<'a> {
    bytes: &'a [u8],
    pub(super) start: StartLine<'a>,
    pub(super) version: &'a [u8],
    /// The first thing that is wrong although the message can be read.
    pub(super) flaw: Option<ParseError>,
    /// Where the body begins.
    pub(super) body_at: usize,
    fields: [Field; limits::SIP_HEADERS],
    count: u8,
    first: [u8; HEADER_NAMES],
}

/// One field, cut out.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) name: HeaderName,
    pub(super) value: &'a [u8],
    /// Where the value begins.
    pub(super) at: usize,
    slot: usize,
}

/// A line's content ends at `end`, the next line begins at `next`.
struct Line {
    end: usize,
    next: usize,
    bare: bool,
}

fn line(bytes: &[u8], at: usize) -> Result<Line, ParseError> {
    let rest = bytes.get(at..).unwrap_or_default();
    let feed = memchr::memchr(b'\n', rest).ok_or(ParseErrorKind::Unfinished.at(bytes.len()))?;
    let bare = feed == 0 || rest[feed - 1] != b'\r';
    Ok(Line { end: at + feed - usize::from(!bare), next: at + feed + 1, bare })
}

impl<'a> Index<'a> {
    /// An index of nothing yet. Filled in place: it is too large to be handed around.
    pub(super) const fn of(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            start: StartLine::Response { code: 0, phrase: b"" },
            version: b"",
            flaw: None,
            body_at: 0,
            fields: [NO_FIELD; limits::SIP_HEADERS],
            count: 0,
            first: [NONE; HEADER_NAMES],
        }
    }

    /// Reads the start line and the headers, up to the blank line.
    pub(super) fn fill(&mut self) -> Result<(), ParseError> {
        // RFC 3261 section 7.5: empty lines before the start line are ignored.
        let Some(at) = self.bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')) else {
            return Err(ParseErrorKind::Empty.at(0));
        };
        let first = line(self.bytes, at)?;
        let (start, version, flaw) =
            read_start(&self.bytes[at..first.end]).map_err(|error| error.within(at))?;
        (self.start, self.version) = (start, version);
        if let Some(kind) = flaw {
            self.note(kind.at(at));
        }
        if first.bare {
            self.note(ParseErrorKind::LineEnd.at(first.end));
        }
        self.read_fields(first.next)
    }

    fn read_fields(&mut self, from: usize) -> Result<(), ParseError> {
        let mut last = [NONE; HEADER_NAMES];
        let mut at = from;
        loop {
            let mut line_at = at;
            let end = loop {
                let this = line(self.bytes, line_at)?;
                if this.bare {
                    self.note(ParseErrorKind::LineEnd.at(this.end));
                }
                if this.end == at {
                    self.body_at = this.next;
                    return Ok(());
                }
                line_at = this.next;
                // RFC 3261 section 7.3.1: a line that begins with white space continues the field.
                if !matches!(self.bytes.get(line_at), Some(b' ' | b'\t')) {
                    break this.end;
                }
            };
            self.push(at, end, &mut last);
            at = line_at;
        }
    }

    fn push(&mut self, at: usize, end: usize, last: &mut [u8; HEADER_NAMES]) {
        let field = &self.bytes[at..end];
        let Some(colon) = memchr::memchr(b':', field) else {
            return self.note(ParseErrorKind::HeaderLine.at(at));
        };
        let written = trim_end(&field[..colon]);
        // RFC 3261 section 25.1, HCOLON: a fold follows the colon. Before it, a reader of lines sees no such field.
        if written.len() < colon && field[written.len()..colon].contains(&b'\n') {
            return self.note(ParseErrorKind::HeaderLine.at(at));
        }
        let name = HeaderName::parse(written);
        if name == HeaderName::Other && (written.is_empty() || !is_token_all(written)) {
            self.note(ParseErrorKind::HeaderLine.at(at));
        }
        let after = trim_start(&field[colon + 1..]);
        let value_at = end - after.len();
        let value_end = value_at + trim_end(after).len();
        let slot = usize::from(self.count);
        if slot == limits::SIP_HEADERS {
            // What came before may do for an answer; the rest is walked over.
            return self.note(ParseErrorKind::TooManyHeaders.at(at));
        }
        self.fields[slot] =
            Field { name, next: NONE, at: short(at), value_at: short(value_at), value_end: short(value_end) };
        let previous = &mut last[name as usize];
        match *previous {
            NONE => self.first[name as usize] = self.count,
            before => self.fields[usize::from(before)].next = self.count,
        }
        *previous = self.count;
        self.count += 1;
    }

    /// Remembers the first flaw.
    pub(super) fn note(&mut self, flaw: ParseError) {
        self.flaw = self.flaw.or(Some(flaw));
    }

    fn cut(&self, slot: usize) -> Found<'a> {
        let field = &self.fields[slot];
        let at = usize::from(field.value_at);
        Found { name: field.name, value: &self.bytes[at..usize::from(field.value_end)], at, slot }
    }

    /// The first field called `name`.
    pub(super) fn first(&self, name: HeaderName) -> Option<Found<'a>> {
        let slot = self.first[name as usize];
        (slot != NONE).then(|| self.cut(usize::from(slot)))
    }

    /// Every field called `name`, in order.
    pub(super) fn named(&self, name: HeaderName) -> impl Iterator<Item = Found<'a>> + Clone {
        let mut slot = self.first[name as usize];
        std::iter::from_fn(move || {
            if slot == NONE {
                return None;
            }
            let here = usize::from(slot);
            slot = self.fields[here].next;
            Some(self.cut(here))
        })
    }

    /// A field's name as written.
    pub(super) fn written(&self, found: &Found<'_>) -> &'a [u8] {
        let field = &self.bytes[usize::from(self.fields[found.slot].at)..found.at];
        let colon = memchr::memchr(b':', field).expect("a field has a colon before its value");
        trim_end(&field[..colon])
    }

    /// Every field, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = Found<'a>> + Clone {
        (0..usize::from(self.count)).map(|slot| self.cut(slot))
    }

    /// The start line and the headers, without the body.
    pub(super) fn head(&self) -> &'a [u8] {
        &self.bytes[..self.body_at]
    }
}

/// An offset within `limits::SIP_MESSAGE_BYTES`.
fn short(at: usize) -> u16 {
    u16::try_from(at).expect("a message is never longer than a u16 can say")
}

type Start<'a> = (StartLine<'a>, &'a [u8], Option<ParseErrorKind>);

/// RFC 3261 sections 7.1 and 7.2. More white space than allowed is a flaw; the line is read all the same.
fn read_start(written: &[u8]) -> Result<Start<'_>, ParseError> {
    let fault = ParseErrorKind::StartLine.at(0);
    let space = memchr::memchr2(b' ', b'\t', written).ok_or(fault)?;
    let (word, rest) = (&written[..space], &written[space + 1..]);
    if is_version(word) {
        return read_status(word, rest).map_err(|error| error.within(space + 1));
    }
    let line = trim_end(rest);
    let last = memchr::memrchr2(b' ', b'\t', line).ok_or(fault)?;
    let (uri, version) = (trim_end(trim_start(&line[..last])), &line[last + 1..]);
    if !is_version(version) || uri.is_empty() || word.is_empty() || !is_token_all(word) {
        return Err(fault);
    }
    let flaw = (uri.len() + 1 + version.len() != rest.len()).then_some(ParseErrorKind::StartLineSpacing);
    Ok((StartLine::Request { method: Method::parse(word), uri }, version, flaw))
}

fn read_status<'a>(version: &'a [u8], rest: &'a [u8]) -> Result<Start<'a>, ParseError> {
    let (digits, phrase) = match memchr::memchr(b' ', rest) {
        Some(space) => (&rest[..space], &rest[space + 1..]),
        None => (rest, &b""[..]),
    };
    let code = super::grammar::number(digits, 699)
        .filter(|code| digits.len() == 3 && *code >= 100)
        .and_then(|code| u16::try_from(code).ok())
        .ok_or(ParseErrorKind::StatusCode.at(0))?;
    Ok((StartLine::Response { code, phrase }, version, None))
}

fn is_version(word: &[u8]) -> bool {
    word.len() > 4 && word[..4].eq_ignore_ascii_case(b"SIP/")
}
