//! A message as its reader sees it: raw fields at no cost, typed values when asked for.
//! Must never judge: what is wrong with a message as a whole is `validate`'s.

use super::cseq::CSeq;
use super::error::{ParseError, ParseErrorKind};
use super::frame;
use super::grammar::{self, trim};
use super::header_name::HeaderName;
use super::index::{Found, Index};
use super::method::Method;
use super::name_addr::NameAddr;
use super::rack::RAck;
use super::uri::Uri;
use super::via::Via;
use crate::base::limits;
use std::fmt;

/// The first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartLine<'a> {
    /// A request.
    Request {
        /// What is asked.
        method: Method<'a>,
        /// Of whom; not read yet.
        uri: &'a [u8],
    },
    /// A response.
    Response {
        /// From 100 to 699.
        code: u16,
        /// The reason phrase, any bytes.
        phrase: &'a [u8],
    },
}

/// A datagram, or one framed message of a stream, indexed. Borrows its bytes and allocates nothing.
#[derive(Clone)]
pub struct Message<'a> {
    index: Index<'a>,
    body: &'a [u8],
    length: Result<Option<usize>, ParseError>,
}

impl<'a> Message<'a> {
    /// Reads whatever can be read: folding, compact names and any bytes in values are fine. Bytes after the body
    /// are ignored (RFC 3261 section 18.3).
    ///
    /// # Errors
    /// Only when nothing can be answered: no start line, no end of headers, or too long.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        if bytes.len() > limits::SIP_MESSAGE_BYTES {
            return Err(ParseErrorKind::TooLong.at(limits::SIP_MESSAGE_BYTES));
        }
        let mut message = Self { index: Index::of(bytes), body: b"", length: Ok(None) };
        message.index.fill()?;
        message.length = frame::content_length(&message.index);
        message.body = &bytes[message.index.body_at..];
        if let Ok(Some(length)) = message.length {
            match message.body.get(..length) {
                Some(body) => message.body = body,
                None => message.length = Err(ParseErrorKind::Truncated.at(bytes.len())),
            }
        }
        Ok(message)
    }

    /// The first line.
    #[must_use]
    pub const fn start(&self) -> StartLine<'a> {
        self.index.start
    }

    /// Whether this is a request.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        matches!(self.index.start, StartLine::Request { .. })
    }

    /// The request's method; of a response, the CSeq's is asked with [`Self::cseq`].
    #[must_use]
    pub const fn method(&self) -> Option<Method<'a>> {
        match self.index.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } => None,
        }
    }

    /// The response's code.
    #[must_use]
    pub const fn code(&self) -> Option<u16> {
        match self.index.start {
            StartLine::Request { .. } => None,
            StartLine::Response { code, .. } => Some(code),
        }
    }

    /// The protocol version as written.
    #[must_use]
    pub const fn version(&self) -> &'a [u8] {
        self.index.version
    }

    /// The first field called `name`: its value, trimmed, folds left in.
    #[must_use]
    pub fn header(&self, name: HeaderName) -> Option<&'a [u8]> {
        self.index.first(name).map(|found| found.value)
    }

    /// The value of every field called `name`, in order.
    pub fn headers(&self, name: HeaderName) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.index.named(name).map(|found| found.value)
    }

    /// The elements of a comma-separated list, across fields; commas in quotes or brackets do not cut.
    pub fn values(&self, name: HeaderName) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.headers(name).flat_map(elements)
    }

    /// Every field in order: its name, the name as written, the value.
    pub fn all_headers(&self) -> impl Iterator<Item = (HeaderName, &'a [u8], &'a [u8])> + Clone {
        self.index.all().map(|found| (found.name, self.index.written(&found), found.value))
    }

    /// The first field whose name is `name`, for names without a [`HeaderName`] of their own.
    #[must_use]
    pub fn other(&self, name: &str) -> Option<&'a [u8]> {
        let named = |found: &Found<'a>| self.index.written(found).eq_ignore_ascii_case(name.as_bytes());
        self.index.named(HeaderName::Other).find(named).map(|found| found.value)
    }

    /// The body, as long as Content-Length says.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The Content-Length, when there is one.
    ///
    /// # Errors
    /// When it is no number, differs between fields, or promises more than there is.
    pub const fn content_length(&self) -> Result<Option<usize>, ParseError> {
        self.length
    }

    /// The first hop of the first Via: who sent this.
    ///
    /// # Errors
    /// When there is none or it is malformed.
    pub fn top_via(&self) -> Result<Via<'a>, ParseError> {
        self.read(HeaderName::Via, |value| Via::parse(&value[..grammar::element_end(value)]))
    }

    /// From.
    ///
    /// # Errors
    /// When there is none or it is malformed.
    pub fn from(&self) -> Result<NameAddr<'a>, ParseError> {
        self.read(HeaderName::From, NameAddr::parse)
    }

    /// To.
    ///
    /// # Errors
    /// When there is none or it is malformed.
    pub fn to(&self) -> Result<NameAddr<'a>, ParseError> {
        self.read(HeaderName::To, NameAddr::parse)
    }

    /// CSeq.
    ///
    /// # Errors
    /// When there is none or it is malformed.
    pub fn cseq(&self) -> Result<CSeq<'a>, ParseError> {
        self.read(HeaderName::CSeq, CSeq::parse)
    }

    /// RAck.
    ///
    /// # Errors
    /// When there is none or it is malformed.
    pub fn rack(&self) -> Result<RAck<'a>, ParseError> {
        self.read(HeaderName::RAck, RAck::parse)
    }

    /// Call-ID; compared byte for byte (RFC 3261 section 20.8).
    ///
    /// # Errors
    /// When there is none, or it is empty or has white space in it.
    pub fn call_id(&self) -> Result<&'a [u8], ParseError> {
        self.read(HeaderName::CallId, |value| match value.iter().position(|byte| grammar::is_space(*byte)) {
            None if !value.is_empty() => Ok(value),
            at => Err(ParseErrorKind::CallId.at(at.unwrap_or(0))),
        })
    }

    /// The first Contact.
    ///
    /// # Errors
    /// When it is malformed, or the `*` of a REGISTER.
    pub fn contact(&self) -> Result<Option<NameAddr<'a>>, ParseError> {
        self.first_address(HeaderName::Contact)
    }

    /// The first address of a list field: Contact, Route, Record-Route, Diversion, P-Asserted-Identity, …
    ///
    /// # Errors
    /// When it is malformed.
    pub fn first_address(&self, name: HeaderName) -> Result<Option<NameAddr<'a>>, ParseError> {
        if self.index.first(name).is_none() {
            return Ok(None);
        }
        self.read(name, |value| NameAddr::parse(&value[..grammar::element_end(value)])).map(Some)
    }

    /// Every address of a list field, in order.
    pub fn addresses(
        &self,
        name: HeaderName,
    ) -> impl Iterator<Item = Result<NameAddr<'a>, ParseError>> + Clone {
        self.values(name).map(NameAddr::parse)
    }

    /// Max-Forwards, from 0 to 255.
    ///
    /// # Errors
    /// When it is no such number.
    pub fn max_forwards(&self) -> Result<Option<u8>, ParseError> {
        self.number(HeaderName::MaxForwards, 255).map(|hops| hops.and_then(|hops| u8::try_from(hops).ok()))
    }

    /// A field that is one number.
    ///
    /// # Errors
    /// When it is none, or larger than `max`.
    pub fn number(&self, name: HeaderName, max: u32) -> Result<Option<u32>, ParseError> {
        if self.index.first(name).is_none() {
            return Ok(None);
        }
        self.read(name, |value| grammar::number(value, max).ok_or(ParseErrorKind::Number.at(0))).map(Some)
    }

    /// The Request-URI.
    ///
    /// # Errors
    /// When this is a response or the URI is malformed.
    pub fn request_uri(&self) -> Result<Uri<'a>, ParseError> {
        match self.index.start {
            StartLine::Request { uri, .. } => Uri::parse(uri),
            StartLine::Response { .. } => Err(ParseErrorKind::StartLine.at(0)),
        }
    }

    /// The first thing wrong with the message's lines, if anything is.
    pub(super) const fn flaw(&self) -> Option<ParseError> {
        self.index.flaw
    }

    /// The start line and the headers.
    pub(super) fn head(&self) -> &'a [u8] {
        self.index.head()
    }

    /// Where a field's first value begins.
    pub(super) fn place(&self, name: HeaderName) -> usize {
        self.index.first(name).map_or(self.index.body_at, |found| found.at)
    }

    fn read<T>(
        &self,
        name: HeaderName,
        parse: impl FnOnce(&'a [u8]) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        let found = self.index.first(name).ok_or(ParseErrorKind::Missing.at(self.index.body_at))?;
        parse(found.value).map_err(|error| error.within(found.at))
    }
}

/// The elements of one field's list; empty ones are skipped.
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    let mut rest = value;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let end = grammar::element_end(rest);
            let element = trim(&rest[..end]);
            rest = rest.get(end + 1..).unwrap_or_default();
            if !element.is_empty() {
                return Some(element);
            }
        }
        None
    })
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("head", &String::from_utf8_lossy(self.head()))
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
