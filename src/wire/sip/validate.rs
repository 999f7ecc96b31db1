//! What a server checks before it acts on a message, and the answer a fault earns (RFC 3261 sections 8.2, 16.3, 18.3).
//! Must never know who is asked for: 403, 404, 405, 416, 420 and 481 are signaling's.

use super::error::{ParseError, ParseErrorKind};
use super::header_name::HeaderName;
use super::message::{Message, StartLine};
use super::method::Method;
use std::fmt;

/// Why a message goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The answer it earns.
    pub code: u16,
    /// That answer's reason phrase.
    pub phrase: &'static str,
    /// What is wrong.
    pub why: ParseError,
    /// The field it is about; the start line when there is none.
    pub field: Option<HeaderName>,
    /// False for responses and ACK, and when there is no Via to answer to: the message is dropped.
    pub answerable: bool,
}

impl Refusal {
    /// One line for the log or a Warning header.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        self.why.kind.text()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.map(HeaderName::as_str) {
            Some(field) => write!(f, "{field}: {}", self.why),
            None => write!(f, "{}", self.why),
        }
    }
}

/// Fields that may come once only. Content-Length is checked where it is read.
const SINGLE: [HeaderName; 6] = [
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::MaxForwards,
    HeaderName::ContentType,
];

/// Checks a message.
///
/// # Errors
/// The first fault, with the answer it earns.
pub fn validate(message: &Message<'_>) -> Result<(), Refusal> {
    let fault = match check(message) {
        Ok(()) => return Ok(()),
        Err(fault) => fault,
    };
    let (code, phrase) = match fault {
        (None, ParseError { kind: ParseErrorKind::StartLine, .. }) => (505, "Version Not Supported"),
        (None, ParseError { kind: ParseErrorKind::TooManyHeaders, .. }) => (513, "Message Too Large"),
        // RFC 4475 section 3.1.2.18: that nobody knows the method says more than that CSeq names another.
        (Some(HeaderName::CSeq), _) if names_other_than_unknown(message) => (501, "Not Implemented"),
        _ => (400, "Bad Request"),
    };
    let answerable = match message.start() {
        StartLine::Request { method, .. } => {
            method != Method::Ack && message.header(HeaderName::Via).is_some()
        }
        StartLine::Response { .. } => false,
    };
    Err(Refusal { code, phrase, why: fault.1, field: fault.0, answerable })
}

type Fault = (Option<HeaderName>, ParseError);

fn check(message: &Message<'_>) -> Result<(), Fault> {
    let of_start = |error| (None, error);
    if !message.version().eq_ignore_ascii_case(b"SIP/2.0") {
        return Err(of_start(ParseErrorKind::StartLine.at(0)));
    }
    message.flaw().or_else(|| stray_return(message.head())).map_or(Ok(()), |flaw| Err(of_start(flaw)))?;
    for name in SINGLE {
        let mut fields = message.headers(name);
        let first = fields.next();
        if fields.any(|field| Some(field) != first) {
            return Err((Some(name), ParseErrorKind::Duplicated.at(message.place(name))));
        }
    }
    check_fields(message)?;
    match message.start() {
        StartLine::Response { .. } => Ok(()),
        StartLine::Request { method, .. } => {
            let uri = message.request_uri().map_err(of_start)?;
            // RFC 3261 section 19.1.1: a Request-URI carries no headers; one that did could steer the next hop.
            if !uri.headers.is_empty() {
                return Err(of_start(ParseErrorKind::Uri.at(0)));
            }
            if message.cseq().is_ok_and(|cseq| cseq.method != method) {
                return Err((
                    Some(HeaderName::CSeq),
                    ParseErrorKind::CSeq.at(message.place(HeaderName::CSeq)),
                ));
            }
            check_addresses(message, HeaderName::Contact, method == Method::Register)
        }
    }
}

fn check_fields(message: &Message<'_>) -> Result<(), Fault> {
    let of = |name| move |error| (Some(name), error);
    message.top_via().map_err(of(HeaderName::Via))?;
    message.from().map_err(of(HeaderName::From))?;
    message.to().map_err(of(HeaderName::To))?;
    message.call_id().map_err(of(HeaderName::CallId))?;
    message.cseq().map_err(of(HeaderName::CSeq))?;
    message.max_forwards().map_err(of(HeaderName::MaxForwards))?;
    message.content_length().map_err(of(HeaderName::ContentLength))?;
    check_addresses(message, HeaderName::RecordRoute, false)
}

fn check_addresses(message: &Message<'_>, name: HeaderName, star: bool) -> Result<(), Fault> {
    if star && message.header(name) == Some(b"*") {
        return Ok(());
    }
    for address in message.addresses(name) {
        address.map_err(|error| (Some(name), error.within(message.place(name))))?;
    }
    Ok(())
}

/// Whether the method is one we do not know and CSeq, readable, names another.
fn names_other_than_unknown(message: &Message<'_>) -> bool {
    let unknown = message.method().filter(|method| method.known().is_none());
    unknown.is_some_and(|method| message.cseq().is_ok_and(|cseq| cseq.method != method))
}

/// A carriage return that ends no line: some peers would take it for a line's end.
fn stray_return(head: &[u8]) -> Option<ParseError> {
    memchr::memchr_iter(b'\r', head)
        .find(|at| head.get(at + 1) != Some(&b'\n'))
        .map(|at| ParseErrorKind::LineEnd.at(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits;

    const GOOD: &str = "INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nMax-Forwards: 70\r\n\
        From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:a@h>\r\n\
        Content-Length: 0\r\n\r\n";

    fn verdict(text: &str) -> Result<(), Refusal> {
        validate(&Message::parse(text.as_bytes()).expect("parses"))
    }

    fn broken(from: &str, to: &str) -> Refusal {
        assert!(GOOD.contains(from), "{from}");
        verdict(&GOOD.replacen(from, to, 1)).expect_err(to)
    }

    #[test]
    fn a_good_request_passes_and_each_fault_is_named() {
        assert_eq!(verdict(GOOD), Ok(()));
        for (from, to, field, kind) in [
            ("Via: SIP", "X: SIP", Some(HeaderName::Via), ParseErrorKind::Missing),
            ("Call-ID: c", "Call-ID: c d", Some(HeaderName::CallId), ParseErrorKind::CallId),
            ("Call-ID: c", "Call-ID: c\r\ni: d", Some(HeaderName::CallId), ParseErrorKind::Duplicated),
            ("CSeq: 1 INVITE", "CSeq: 1 BYE", Some(HeaderName::CSeq), ParseErrorKind::CSeq),
            ("Max-Forwards: 70", "Max-Forwards: 300", Some(HeaderName::MaxForwards), ParseErrorKind::Number),
            ("Length: 0", "Length: 7", Some(HeaderName::ContentLength), ParseErrorKind::Truncated),
            ("Call-ID: c", "Call-ID: c\rX: d", None, ParseErrorKind::LineEnd),
            ("Call-ID: c\r\n", "Call-ID: c\n", None, ParseErrorKind::LineEnd),
            ("Call-ID", "nothing\r\nCall-ID", None, ParseErrorKind::HeaderLine),
            ("Contact: <sip:a@h>", "Contact: *", Some(HeaderName::Contact), ParseErrorKind::Uri),
            ("sip:b@h SIP", "sip:b@h  SIP", None, ParseErrorKind::StartLineSpacing),
        ] {
            let refusal = broken(from, to);
            assert_eq!((refusal.code, refusal.field, refusal.why.kind), (400, field, kind), "{to}");
        }
        assert_eq!(broken("SIP/2.0\r\nVia", "SIP/3.0\r\nVia").code, 505);
        assert_eq!(broken("INVITE sip", "DANCE sip").code, 501);
    }

    #[test]
    fn one_field_too_many_is_told_and_those_before_it_do_for_the_answer() {
        let fields = |count: usize| {
            GOOD.replace("Content-Length", &format!("{}Content-Length", "X: y\r\n".repeat(count)))
        };
        let most = limits::SIP_HEADERS - 8;
        assert_eq!(verdict(&fields(most)), Ok(()));
        let refusal = verdict(&fields(most + 1)).expect_err("too many");
        assert_eq!((refusal.code, refusal.why.kind), (513, ParseErrorKind::TooManyHeaders));
        assert!(refusal.answerable);
        let late = fields(0).replace("Via: ", &format!("{}Via: ", "X: y\r\n".repeat(limits::SIP_HEADERS)));
        assert!(!verdict(&late).expect_err("too many").answerable, "nobody to answer to");
    }

    #[test]
    fn the_same_value_twice_is_once() {
        assert_eq!(verdict(&GOOD.replace("Call-ID: c", "Call-ID: c\r\ni: c")), Ok(()));
    }

    #[test]
    fn acknowledgements_and_responses_are_never_answered() {
        let ack = GOOD.replace("INVITE", "ACK").replace("Call-ID: c", "Call-ID:");
        assert!(!verdict(&ack).expect_err("no Call-ID").answerable);
        let response =
            GOOD.replace("INVITE sip:b@h SIP/2.0", "SIP/2.0 200 OK").replace("Call-ID: c", "Call-ID:");
        assert!(!verdict(&response).expect_err("no Call-ID").answerable);
        assert!(broken("Call-ID: c", "Call-ID:").answerable);
        assert!(!broken("Via: SIP", "X: SIP").answerable);
    }
}
