//! Writes messages. Lines are ended here and nowhere else: no value can end one, and Content-Length comes once.
//! Must never decide what to say.

use super::grammar::{Params, element_end, is_token, trim};
use super::header_name::HeaderName;
use super::message::Message;
use super::method::Method;
use super::via::Via;
use bytes::{Bytes, BytesMut};
use std::fmt::{self, Write as _};
use std::net::SocketAddr;

/// What most messages fit in, bytes.
const TYPICAL: usize = 1_024;

/// Builds one message at a time; after [`Writer::finish`] it can be started again and reuses its memory.
#[derive(Debug, Default)]
pub struct Writer {
    buffer: BytesMut,
    body: Vec<u8>,
}

impl Writer {
    /// A request of `method` to `uri`.
    #[must_use]
    pub fn request(method: Method<'_>, uri: &(impl AsRef<[u8]> + ?Sized)) -> Self {
        let mut writer = Self::default();
        writer.start_request(method, uri);
        writer
    }

    /// A response.
    #[must_use]
    pub fn response(code: u16, phrase: &(impl AsRef<[u8]> + ?Sized)) -> Self {
        let mut writer = Self::default();
        writer.start_response(code, phrase);
        writer
    }

    /// Starts over with a request.
    pub fn start_request(&mut self, method: Method<'_>, uri: &(impl AsRef<[u8]> + ?Sized)) -> &mut Self {
        self.restart();
        self.buffer.extend(method.as_bytes().iter().filter(|byte| is_token(**byte)));
        self.buffer.extend_from_slice(b" ");
        self.buffer.extend(uri.as_ref().iter().filter(|byte| **byte > b' ' && **byte != 0x7f));
        self.buffer.extend_from_slice(b" SIP/2.0\r\n");
        self
    }

    /// Starts over with a response.
    pub fn start_response(&mut self, code: u16, phrase: &(impl AsRef<[u8]> + ?Sized)) -> &mut Self {
        self.restart();
        self.put(format_args!("SIP/2.0 {code:03} "));
        self.clean(phrase.as_ref());
        self.line_end()
    }

    fn restart(&mut self) {
        self.buffer.clear();
        self.buffer.reserve(TYPICAL);
        self.body.clear();
    }

    /// A field. Control bytes in the value become spaces; Content-Length is ours and is passed over.
    pub fn header(&mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> &mut Self {
        if self.name(name.as_ref()) {
            self.clean(value.as_ref());
            self.line_end();
        }
        self
    }

    /// A field whose value is formatted.
    pub fn header_fmt(&mut self, name: impl AsRef<str>, value: fmt::Arguments<'_>) -> &mut Self {
        if self.name(name.as_ref()) {
            self.put(value);
            self.line_end();
        }
        self
    }

    /// Every field called `name` of another message, byte for byte, folds included.
    pub fn copy_headers(&mut self, from: &Message<'_>, name: HeaderName) -> &mut Self {
        for value in from.headers(name) {
            self.copy(name, value);
        }
        self
    }

    /// The first field of a name that should stand once: what repeats it is not made longer by us.
    pub fn copy_header(&mut self, from: &Message<'_>, name: HeaderName) -> &mut Self {
        if let Some(value) = from.header(name) {
            self.copy(name, value);
        }
        self
    }

    /// The Vias of a request we answer, the topmost completed with the source it came from: `received` where it
    /// differs or rport is asked for, `rport` where asked for (RFC 3261 section 18.2.1, RFC 3581 section 4).
    pub fn copy_vias(&mut self, from: &Message<'_>, source: SocketAddr) -> &mut Self {
        let mut fields = from.headers(HeaderName::Via);
        if let Some(first) = fields.next() {
            let (top, rest) = first.split_at(element_end(first));
            match Via::parse(top) {
                Ok(via) => self.completed_via(&via, rest, source),
                Err(_) => self.copy(HeaderName::Via, first),
            }
        }
        for value in fields {
            self.copy(HeaderName::Via, value);
        }
        self
    }

    fn completed_via(&mut self, via: &Via<'_>, rest: &[u8], source: SocketAddr) {
        let head = via.raw.len() - via.params.len();
        let head = trim(via.raw[..head].strip_suffix(b";").unwrap_or(&via.raw[..head]));
        self.name(HeaderName::Via.as_str());
        self.keep(head);
        for (name, value) in Params::new(via.params).flatten() {
            if name.eq_ignore_ascii_case(b"received") || name.eq_ignore_ascii_case(b"rport") {
                continue;
            }
            self.buffer.extend_from_slice(b";");
            self.keep(name);
            if let Some(value) = value {
                self.buffer.extend_from_slice(b"=");
                self.keep(value);
            }
        }
        let address = source.ip().to_canonical();
        if via.rport.is_some() || via.host.ip() != Some(address) {
            self.put(format_args!(";received={address}"));
        }
        if via.rport.is_some() {
            self.put(format_args!(";rport={}", source.port()));
        }
        self.keep(rest);
        self.line_end();
    }

    /// The body and its Content-Type; the last one set counts.
    pub fn body(&mut self, content_type: &str, body: &[u8]) -> &mut Self {
        self.header(HeaderName::ContentType, content_type);
        self.body.clear();
        self.body.extend_from_slice(body);
        self
    }

    /// Ends the message: Content-Length, blank line, body.
    pub fn finish(&mut self) -> Bytes {
        let length = self.body.len();
        self.put(format_args!("Content-Length: {length}"));
        self.buffer.extend_from_slice(b"\r\n\r\n");
        self.buffer.extend_from_slice(&self.body);
        self.body.clear();
        self.buffer.split().freeze()
    }

    /// Writes `name: `; says whether the field may be written at all.
    fn name(&mut self, name: &str) -> bool {
        let sound = !name.is_empty() && name.bytes().all(is_token);
        if !sound || HeaderName::parse(name.as_bytes()) == HeaderName::ContentLength {
            return false;
        }
        self.buffer.extend_from_slice(name.as_bytes());
        self.buffer.extend_from_slice(b": ");
        true
    }

    fn copy(&mut self, name: HeaderName, value: &[u8]) {
        if self.name(name.as_str()) {
            self.keep(value);
            self.line_end();
        }
    }

    fn line_end(&mut self) -> &mut Self {
        self.buffer.extend_from_slice(b"\r\n");
        self
    }

    fn put(&mut self, text: fmt::Arguments<'_>) {
        // Formatting fails only when a value's own Display does; what it wrote until then stands.
        let _ = Clean(&mut self.buffer).write_fmt(text);
    }

    fn clean(&mut self, bytes: &[u8]) {
        clean(&mut self.buffer, bytes);
    }

    /// Writes a value that came from a message: its folds stay, any other line end becomes a space.
    fn keep(&mut self, value: &[u8]) {
        let mut rest = value;
        while let Some(at) = memchr::memchr2(b'\r', b'\n', rest) {
            self.buffer.extend_from_slice(&rest[..at]);
            rest = &rest[at..];
            let fold = rest.strip_prefix(b"\r\n").filter(|after| matches!(after.first(), Some(b' ' | b'\t')));
            self.buffer.extend_from_slice(if fold.is_some() { b"\r\n" } else { b" " });
            rest = fold.unwrap_or(&rest[1..]);
        }
        self.buffer.extend_from_slice(rest);
    }
}

/// Formatted text without control bytes.
struct Clean<'a>(&'a mut BytesMut);

impl fmt::Write for Clean<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        clean(self.0, text.as_bytes());
        Ok(())
    }
}

fn clean(buffer: &mut BytesMut, bytes: &[u8]) {
    let start = buffer.len();
    buffer.extend_from_slice(bytes);
    for byte in &mut buffer[start..] {
        if (*byte < b' ' && *byte != b'\t') || *byte == 0x7f {
            *byte = b' ';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &Bytes) -> String {
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    #[test]
    fn no_value_can_end_a_line() {
        let evil = "x\r\nRoute: <sip:evil>\r\n\r\nBYE";
        let mut writer = Writer::request(Method::Other(b"IN VITE\r\n"), &format!("sip:a@b{evil}"));
        writer.header("Subject", evil).header_fmt("X-Name", format_args!("<{evil}>"));
        writer.header("Bad\r\nName", "x").header("l", "9").header(HeaderName::ContentLength, "9");
        let written = text(&writer.body(evil, b"body").finish());
        let names: Vec<_> =
            written.split("\r\n").take(6).map(|line| line.split(' ').next().unwrap_or("")).collect();
        assert_eq!(names, ["INVITE", "Subject:", "X-Name:", "Content-Type:", "Content-Length:", ""]);
        assert!(written.ends_with("Content-Length: 4\r\n\r\nbody"));
        let response = text(&Writer::response(200, evil).finish());
        assert_eq!(response.matches("\r\n").count(), 3);
    }

    #[test]
    fn copied_fields_keep_their_folds_and_lose_stray_line_ends() {
        let bytes = b"OPTIONS sip:a SIP/2.0\r\nf: \"\\\x07\" <sip:a@b>\r\n ;tag=1\r\nFrom: x\ry\r\n\r\n";
        let message = Message::parse(bytes).expect("readable");
        let written =
            text(&Writer::response(400, "Bad Request").copy_headers(&message, HeaderName::From).finish());
        assert!(
            written.contains("From: \"\\\x07\" <sip:a@b>\r\n ;tag=1\r\nFrom: x y\r\nContent-Length"),
            "{written}"
        );
    }

    #[test]
    fn the_top_via_says_where_the_request_came_from() {
        let vias = |via: &str, source: &str| {
            let bytes = format!("OPTIONS sip:a SIP/2.0\r\nVia: {via}\r\nVia: SIP/2.0/UDP c\r\n\r\n");
            let message = Message::parse(bytes.as_bytes()).expect("readable");
            let source = source.parse().expect("an address");
            text(&Writer::response(200, "OK").copy_vias(&message, source).finish())
                .lines()
                .filter_map(|line| line.strip_prefix("Via: ").map(str::to_owned))
                .collect::<Vec<_>>()
                .join("|")
        };
        assert_eq!(
            vias("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa , SIP/2.0/TCP b", "192.0.2.1:5060"),
            "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa, SIP/2.0/TCP b|SIP/2.0/UDP c"
        );
        assert_eq!(
            vias(
                "SIP/2.0/UDP 10.0.0.1:5060;rport;received=6.6.6.6;branch=z9hG4bKa",
                "[::ffff:192.0.2.1]:1024"
            ),
            "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKa;received=192.0.2.1;rport=1024|SIP/2.0/UDP c"
        );
        assert_eq!(
            vias("SIP/2.0/UDP host", "[2001:db8::1]:5060"),
            "SIP/2.0/UDP host;received=2001:db8::1|SIP/2.0/UDP c"
        );
    }

    #[test]
    fn a_writer_starts_again() {
        let mut writer = Writer::request(Method::Bye, "sip:a@b");
        writer.body("text/plain", b"x").finish();
        assert_eq!(
            text(&writer.start_response(486, "Busy Here").finish()),
            "SIP/2.0 486 Busy Here\r\nContent-Length: 0\r\n\r\n"
        );
    }
}
