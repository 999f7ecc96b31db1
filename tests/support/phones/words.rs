//! What far ends say and read: SIP text. Must never know the world.

use super::{PASSWORD, REALM};
use spillway::base::{Secret, Transport};
use spillway::signaling::password_digests;
use std::net::SocketAddr;

pub fn status(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_start_matches("SIP/2.0 ").to_owned()
}

pub fn header<'a>(text: &'a str, name: &str) -> &'a str {
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {name} in\n{text}"))
}

/// Where a phone says it is; a browser's doesn't know (RFC 7118 section 5.2).
pub fn host(transport: Transport, remote: SocketAddr) -> String {
    let own = remote.to_string();
    if transport.leads_anywhere() { own } else { format!("x{}.invalid", own.replace(['.', ':'], "-")) }
}

pub fn response(request: &str, code: &str, tag: &str, contact: &str, body: &str) -> String {
    let to = header(request, "To");
    let to = if to.contains(";tag=") { to.to_owned() } else { format!("{to};tag={tag}") };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "SIP/2.0 {code}\r\nVia: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\nContact: <{contact}>\r\n{kind}\
         Content-Length: {}\r\n\r\n{body}",
        header(request, "Via"),
        header(request, "From"),
        header(request, "Call-ID"),
        header(request, "CSeq"),
        body.len()
    )
}

/// What every far end does unasked: it answers signs of life, and acknowledges answers to its INVITE.
pub fn reply(text: &str) -> Option<String> {
    let method = text.split(' ').next().unwrap_or_default();
    if ["OPTIONS", "BYE", "CANCEL", "NOTIFY"].contains(&method) {
        return Some(response(text, "200 OK", "any", "sip:198.51.100.1", ""));
    }
    let is_final =
        method == "SIP/2.0" && !status(text).starts_with('1') && header(text, "CSeq").ends_with("INVITE");
    let via = if status(text).starts_with('2') {
        header(text, "Via").replace("z9hG4bK", "z9hG4bKack")
    } else {
        header_or_none(text, "Via")?.to_owned()
    };
    is_final.then(|| {
        format!(
            "ACK sip:192.0.2.1:5060 SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\n\
             CSeq: {}\r\nContent-Length: 0\r\n\r\n",
            header(text, "From"),
            header(text, "To"),
            header(text, "Call-ID"),
            header(text, "CSeq").replace("INVITE", "ACK"),
        )
    })
}

fn header_or_none<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

pub fn address(text: &str) -> std::net::SocketAddr {
    text.parse().expect("an address")
}

/// The tag a far end gives its answers.
pub fn tag_of(desk: &super::Desk) -> String {
    format!("p{}", desk.remote.ip().to_string().replace('.', "-"))
}

/// The header that answers a 401, by MD5 (RFC 7616 section 3.4).
pub fn credentials(challenge: &str, user: &str, method: &str, uri: &str) -> String {
    let nonce = challenge.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a nonce");
    // A digest is the hash of words with colons between: the same whichever words.
    let hash = |a: &str, b: &str, c: &str| password_digests(a, b, &Secret::new(c.as_bytes()))[0].clone();
    let ha1 = hash(user, REALM, PASSWORD);
    // H(method:uri), where the URI has a colon already.
    let (scheme, rest) = uri.split_once(':').expect("a URI");
    let ha2 = hash(method, scheme, rest);
    let response = hash(&ha1, nonce, &format!("00000001:c:auth:{ha2}"));
    format!(
        "Authorization: Digest username=\"{user}\", realm=\"{REALM}\", nonce=\"{nonce}\", uri=\"{uri}\", algorithm=MD5, \
         qop=auth, nc=00000001, cnonce=\"c\", response=\"{response}\"\r\n"
    )
}
