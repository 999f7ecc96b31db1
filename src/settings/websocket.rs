//! `[sip.websocket]`: the web pages whose browser phones may connect. Must never know what a handshake looks like.

use super::{Listen, Located, wording};
use crate::base::Name;
use crate::base::finding::Findings;
use crate::base::written::Section;

/// Reads `origins`: empty where every page may connect.
pub(super) fn origins(sip: &Section<'_>, listen: &[Located<Listen>], findings: &mut Findings) -> Vec<Name> {
    let Some(section) = sip.section("websocket") else { return Vec::new() };
    if !listen.is_empty() && listen.iter().all(|own| own.value.transport.leads_anywhere()) {
        findings.error(&section.place(), wording::unheard_websocket());
    }
    if let Some(entry) = section.entry("origins").filter(|entry| entry.is_empty_list()) {
        findings.error(&entry.place(), wording::no_origin());
    }
    let mut origins: Vec<Located<&str>> = Vec::new();
    for text in section.texts("origins") {
        if !is_origin(text.value) {
            findings.error(&text.place, wording::bad_origin(text.value));
        } else if let Some(first) = origins.iter().find(|first| first.value == text.value) {
            findings.error_with(&text.place, wording::origin_twice(text.value), &first.place, "first here");
        }
        origins.push(text);
    }
    origins.into_iter().map(|origin| origin.value.into()).collect()
}

/// Whether a browser writes an origin so (RFC 6454 section 6.2): scheme, host, and a port that is not the usual one, all in
/// small letters. What it never writes would let nobody in.
fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let end = if rest.starts_with('[') {
        rest.find(']').map_or(0, |at| at + 1)
    } else {
        rest.find(':').unwrap_or(rest.len())
    };
    let (host, port) = rest.split_at(end);
    let is_scheme = scheme.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte));
    let is_host = if host.starts_with('[') {
        host.trim_matches(['[', ']']).parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte))
    };
    let is_port = match port.strip_prefix(':') {
        None => port.is_empty(),
        Some(digits) => {
            let usual = [("http", "80"), ("https", "443")].contains(&(scheme, digits));
            !usual && !digits.starts_with(['0', '+']) && digits.parse::<u16>().is_ok()
        }
    };
    is_scheme && is_host && is_port
}
