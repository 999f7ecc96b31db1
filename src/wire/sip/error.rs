//! What is wrong with bytes, and where. Knows nothing of what to answer.

use std::fmt;

/// Where a message or value stops making sense, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Bytes before the fault, from the start of the message (or of the value, when a value was parsed alone).
    pub at: usize,
    /// The fault.
    pub kind: ParseErrorKind,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// Nothing but line ends: a keep-alive (RFC 5626 section 4.4.1).
    Empty,
    /// The blank line after the headers never comes.
    Unfinished,
    /// Longer than `limits::SIP_MESSAGE_BYTES`.
    TooLong,
    /// More fields than `limits::SIP_HEADERS`.
    TooManyHeaders,
    /// Neither a request line nor a status line (RFC 3261 sections 7.1, 7.2).
    StartLine,
    /// A status code outside 100 to 699.
    StatusCode,
    /// White space where the start line allows one space.
    StartLineSpacing,
    /// A header line without a name and a colon.
    HeaderLine,
    /// A carriage return without a line feed or the other way round.
    LineEnd,
    /// A field the message cannot do without is absent.
    Missing,
    /// A field allowed once comes again with another value.
    Duplicated,
    /// A Content-Length that is no number, or several that differ.
    ContentLength,
    /// More bytes promised by Content-Length than there are.
    Truncated,
    /// Not a URI.
    Uri,
    /// Not a host name or address.
    Host,
    /// Not a port.
    Port,
    /// Not a display name.
    DisplayName,
    /// Not a list of parameters.
    Parameter,
    /// Not a Via value.
    Via,
    /// Not a sequence number and a method.
    CSeq,
    /// Not a number in the field's range.
    Number,
    /// Not a Call-ID.
    CallId,
}

impl ParseErrorKind {
    /// What a log line or a Warning says of it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Empty => "empty message",
            Self::Unfinished => "headers without an end",
            Self::TooLong => "message too long",
            Self::TooManyHeaders => "too many header fields",
            Self::StartLine => "malformed start line",
            Self::StatusCode => "malformed status code",
            Self::StartLineSpacing => "stray white space in the start line",
            Self::HeaderLine => "malformed header line",
            Self::LineEnd => "stray carriage return or line feed",
            Self::Missing => "missing header field",
            Self::Duplicated => "duplicated header field",
            Self::ContentLength => "malformed Content-Length",
            Self::Truncated => "body shorter than Content-Length",
            Self::Uri => "malformed URI",
            Self::Host => "malformed host",
            Self::Port => "malformed port",
            Self::DisplayName => "malformed display name",
            Self::Parameter => "malformed parameter",
            Self::Via => "malformed Via",
            Self::CSeq => "malformed CSeq",
            Self::Number => "number out of range",
            Self::CallId => "malformed Call-ID",
        }
    }

    /// The fault, `at` bytes into what is being parsed.
    #[must_use]
    pub const fn at(self, at: usize) -> ParseError {
        ParseError { at, kind: self }
    }
}

impl ParseError {
    /// The same fault seen from `base` bytes further out.
    #[must_use]
    pub const fn within(self, base: usize) -> Self {
        Self { at: self.at + base, kind: self.kind }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind.text(), self.at)
    }
}

impl std::error::Error for ParseError {}
