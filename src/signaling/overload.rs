//! What overload costs: which requests may wait outside while the engine is behind, and the answer of those that are
//! turned away. Must never know how far behind it is.

use super::event::Observation;
use super::refusal::respond;
use super::stack::Stack;
use super::transaction::Arrival;
use super::trunk::Source;
use super::verbs::phrase;
use crate::base::{Flow, Moment, TrunkId, limits};
use crate::wire::sip::{HeaderName, Message, Method, validate};

/// Whether a message can wait, and be turned away in the end; in which trunk's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It belongs to something that goes on, or costs next to nothing.
    None,
    /// It begins a call: until it is begun, nothing is lost but time.
    Whole(TrunkId),
    /// It may be about a call that waits: it must not overtake it, but it is no new work and never turned away.
    Behind(TrunkId),
}

impl Stack {
    /// How long a message may be kept outside: a look at its first bytes and its path, and for an INVITE at its To.
    ///
    /// A reader of its own for this look would save half a microsecond and could disagree with the one that serves.
    #[must_use]
    pub fn patience(&self, flow: &Flow, bytes: &[u8]) -> Patience {
        // RFC 3261 section 7.1: methods are case-sensitive, and what a call begins with has one way of being written.
        // Section 7.5: line ends before it are no part of it, and no way around.
        let first = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or_default();
        let (invites, cancels) =
            (bytes[first..].starts_with(b"INVITE "), bytes[first..].starts_with(b"CANCEL "));
        if !invites && !cancels {
            return Patience::None;
        }
        let source = self.trunks.identify(flow);
        // A phone's call may be for help, wherever it comes from, and costs whoever has its password.
        if self.is_phones(source, *flow) {
            return Patience::None;
        }
        match source {
            Source::Unknown | Source::Anyone | Source::Phone(_) => Patience::None,
            Source::Trunk(trunk) if cancels => Patience::Behind(trunk),
            Source::Trunk(trunk) => {
                let to_nobody = |invite: Message<'_>| invite.to().is_ok_and(|to| to.tag.is_none());
                let initial = Message::parse(bytes).is_ok_and(to_nobody);
                if initial { Patience::Whole(trunk) } else { Patience::None }
            }
        }
    }

    /// Refuses an INVITE unserved: 503, with nothing kept of it. One whose transaction lives is a copy, and is served.
    pub fn turn_away(&mut self, now: Moment, flow: Flow, bytes: &[u8]) {
        let Ok(invite) = Message::parse(bytes) else { return };
        if validate(&invite).is_err() {
            return self.receive(now, flow, bytes);
        }
        if self.layer.match_request(now, &invite, Method::Invite) == Arrival::Repeated {
            return;
        }
        self.layer.observe(Observation::Limited { limit: "overload" });
        respond(&mut self.layer, flow, &invite, 503, phrase(503), |writer| {
            writer.header_fmt(HeaderName::RetryAfter, format_args!("{}", limits::OVERLOAD_RETRY_S));
        });
    }
}
