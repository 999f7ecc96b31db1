//! What crosses from one leg to another: a list of headers, not everything but some (invariants.md, 17); and the reading
//! of those that cross as they came. Must never know which legs meet.

use super::compose;
use super::event::{Reason, ReasonProtocol};
use crate::base::{Cause, limits};
use crate::wire::sip::{HeaderName, Message, Writer};
use std::fmt;

/// Which way a header crosses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the caller to whoever is called.
    Onward,
    /// From either side to the other.
    Both,
    /// Not at all: what goes out under this name is written in our own configuration.
    Never,
}

/// A header one leg's message has because of another leg's, or might be thought to have.
#[derive(Clone, Copy, Debug)]
pub struct Crossing {
    /// Its name.
    pub header: HeaderName,
    /// Which way it crosses.
    pub way: Way,
    /// In which messages.
    pub within: &'static str,
    /// What of it, and when.
    pub what: &'static str,
}

const fn crossing(header: HeaderName, way: Way, within: &'static str, what: &'static str) -> Crossing {
    Crossing { header, way, within, what }
}

/// The list. What it does not name ends at the leg it came on.
pub const CROSSINGS: [Crossing; 10] = [
    crossing(
        HeaderName::From,
        Way::Onward,
        "INVITE",
        "the caller's number and name; nobody's when anonymous",
    ),
    crossing(
        HeaderName::PAssertedIdentity,
        Way::Onward,
        "INVITE",
        "the same, to trunks that read the caller there (caller_in)",
    ),
    crossing(
        HeaderName::Privacy,
        Way::Onward,
        "INVITE",
        "`id` when the caller is anonymous, and no other word",
    ),
    crossing(
        HeaderName::Diversion,
        Way::Onward,
        "INVITE",
        "user and reason of the last ones, below our own, to targets (RFC 5806)",
    ),
    crossing(HeaderName::MaxForwards, Way::Onward, "INVITE", "less one (RFC 3261 section 16.6)"),
    crossing(
        HeaderName::UserToUser,
        Way::Both,
        "INVITE, 200 to it, BYE",
        "the first value, when it keeps to RFC 7433 and our limit",
    ),
    crossing(
        HeaderName::ReferredBy,
        Way::Never,
        "INVITE",
        "the extension of the agent who transfers, as the plan writes it",
    ),
    crossing(
        HeaderName::Reason,
        Way::Both,
        "CANCEL, BYE",
        "protocol and code of the first SIP or Q.850 value (RFC 3326); never its text",
    ),
    crossing(
        HeaderName::AlertInfo,
        Way::Never,
        "INVITE",
        "a caller's could make a phone fetch what it names",
    ),
    crossing(HeaderName::CallInfo, Way::Never, "INVITE", "a caller's could make a phone fetch what it names"),
];

/// What a message says to whoever is on the other leg.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// What the applications at both ends tell each other.
    pub user_to_user: Option<UserToUser>,
    /// Why it hangs up.
    pub reason: Option<Reason>,
}

impl Carried {
    /// Reads what a message carries for the other side; nothing when there is nothing.
    pub(super) fn read(message: &Message<'_>) -> Option<Self> {
        let reason =
            compose::read_reason(message).filter(is_sound).map(|reason| Reason { text: None, ..reason });
        let carried = Self { user_to_user: UserToUser::read(message), reason };
        (carried != Self::default()).then_some(carried)
    }

    /// Fills our 200 to an INVITE.
    pub(super) fn put_in_answer(&self, writer: &mut Writer) {
        put_user_to_user(writer, self.user_to_user.as_ref());
    }

    /// Fills a BYE of ours that ends its leg for `cause`: a carrier finds a Q.850 cause in it in any case.
    pub(super) fn put_in_bye(&self, writer: &mut Writer, cause: Cause) {
        compose::put_reason(writer, self.reason.as_ref());
        if self.reason.as_ref().is_none_or(|reason| reason.protocol != ReasonProtocol::Q850) {
            compose::put_reason(writer, Some(&Reason::q850(cause)));
        }
        put_user_to_user(writer, self.user_to_user.as_ref());
    }

    /// Why a CANCEL of ours for `cause`: phones tell a call taken elsewhere from a missed one (RFC 3326 section 2).
    pub(super) fn cancel_reason(&self, cause: Cause) -> Reason {
        let elsewhere = |reason: &Reason| reason.protocol == ReasonProtocol::Sip && reason.code == 200;
        if cause == Cause::AnsweredElsewhere || self.reason.as_ref().is_some_and(elsewhere) {
            let text = Some("Call completed elsewhere".into());
            return Reason { protocol: ReasonProtocol::Sip, code: 200, text };
        }
        self.reason.clone().unwrap_or_else(|| Reason::q850(cause))
    }
}

/// Whether the code exists: SIP's have three digits, Q.850's seven bits.
fn is_sound(reason: &Reason) -> bool {
    match reason.protocol {
        ReasonProtocol::Sip => (100..700).contains(&reason.code),
        ReasonProtocol::Q850 => (1..128).contains(&reason.code),
    }
}

/// A User-to-User value (RFC 7433 section 4.1) that keeps to its grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserToUser(Box<str>);

impl UserToUser {
    /// The value, when it is one and not too long.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?.trim();
        let rest = word(text)?;
        (text.len() <= limits::USER_TO_USER_BYTES && is_params(rest)).then(|| Self(text.into()))
    }

    pub(super) fn read(message: &Message<'_>) -> Option<Self> {
        message.values(HeaderName::UserToUser).next().and_then(Self::parse)
    }
}

impl fmt::Display for UserToUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn put_user_to_user(writer: &mut Writer, value: Option<&UserToUser>) {
    if let Some(value) = value {
        writer.header_fmt(HeaderName::UserToUser, format_args!("{value}"));
    }
}

/// What stands behind a token (RFC 3261 section 25.1).
fn token(text: &str) -> Option<&str> {
    let end = text.bytes().position(|byte| !byte.is_ascii_alphanumeric() && !b"-.!%*_+`'~".contains(&byte));
    let end = end.unwrap_or(text.len());
    (end > 0).then(|| &text[end..])
}

/// What stands behind a token or a quoted string of printable ASCII.
fn word(text: &str) -> Option<&str> {
    let Some(quoted) = text.strip_prefix('"') else { return token(text) };
    let mut escaped = false;
    for (at, byte) in quoted.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return Some(&quoted[at + 1..]),
            b' '..=b'~' => escaped = byte == b'\\' && !escaped,
            _ => return None,
        }
    }
    None
}

/// Whether nothing but parameters is left, each `;name` or `;name=word`.
fn is_params(mut rest: &str) -> bool {
    loop {
        rest = rest.trim_start_matches(' ');
        if rest.is_empty() {
            return true;
        }
        let Some(name) = rest.strip_prefix(';') else { return false };
        let Some(after) = token(name.trim_start_matches(' ')) else { return false };
        rest = match after.trim_start_matches(' ').strip_prefix('=') {
            Some(value) => match word(value.trim_start_matches(' ')) {
                Some(after) => after,
                None => return false,
            },
            None => after,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_to_user_value_keeps_to_its_grammar() {
        for sound in [
            "56a390f3d2b7310023a2;encoding=hex;purpose=foo;content=bar",
            "\"un;deux, \\\"trois\\\"\" ; encoding = hex ;x",
            "00",
        ] {
            assert_eq!(UserToUser::parse(sound.as_bytes()).expect(sound).to_string(), sound);
        }
        let long = "0".repeat(limits::USER_TO_USER_BYTES + 1);
        let wrong = [
            "",
            ";encoding=hex",
            "00;",
            "00;encoding=",
            "00 11",
            "\"open",
            "\"a\rb\"",
            "a\0",
            "é",
            "<sip:a>",
            "00;=x",
        ];
        for wrong in wrong.into_iter().chain([long.as_str()]) {
            assert_eq!(UserToUser::parse(wrong.as_bytes()), None, "{wrong:?}");
        }
    }
}
