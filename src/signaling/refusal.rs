//! Answers that leave nothing behind: the 403 to strangers, and every refusal no leg is needed for. Their To tags are
//! derived from the request, so a copy gets the same bytes (RFC 3261 section 8.2.7).

use super::compose;
use super::event::Observation;
use super::guard::Source;
use super::mark::{Marked, NameKind};
use super::transaction::{Layer, method_label};
use crate::base::{Flow, Map, Moment, limits};
use crate::wire::sip::{HeaderName, Message, Writer};
use std::net::IpAddr;
use std::time::Duration;

/// How many strangers were answered in the second under way.
#[derive(Debug)]
pub(super) struct Refusals {
    per_source: u32,
    total: u32,
    since: Moment,
    sent: u32,
    by_source: Map<Source, u32>,
}

impl Default for Refusals {
    fn default() -> Self {
        Self::new(limits::REFUSALS_PER_SOURCE, limits::REFUSALS)
    }
}

impl Refusals {
    /// At most so many a second, to one source and to all together.
    pub(super) fn new(per_source: u32, total: u32) -> Self {
        Self { per_source, total, since: Moment::ZERO, sent: 0, by_source: Map::default() }
    }

    /// Whether [`Self::allow`] would.
    pub(super) fn has_room(&self, now: Moment, source: IpAddr) -> bool {
        let is_over = now.since(self.since) >= Duration::from_secs(1);
        let of_source = self.by_source.get(&Source::of(source)).copied().unwrap_or_default();
        is_over || (self.sent < self.total && of_source < self.per_source)
    }

    /// Whether one more refusal may go to `source`.
    pub(super) fn allow(&mut self, now: Moment, source: IpAddr) -> bool {
        if now.since(self.since) >= Duration::from_secs(1) {
            self.since = now;
            self.sent = 0;
            self.by_source.clear();
        }
        // Above this the map does not grow either, so strangers can't fill memory.
        if self.sent >= self.total {
            return false;
        }
        let by_source = self.by_source.entry(Source::of(source)).or_default();
        if *by_source >= self.per_source {
            return false;
        }
        *by_source += 1;
        self.sent += 1;
        true
    }
}

/// Answers a request without a transaction.
pub(super) fn respond(
    layer: &mut Layer,
    flow: Flow,
    request: &Message<'_>,
    code: u16,
    phrase: &str,
    fill: impl FnOnce(&mut Writer),
) {
    let tag = derived_tag(layer, request);
    compose::start_response(&mut layer.writer, request, flow.remote, code, phrase, Some(tag));
    layer.writer.header(HeaderName::Server, layer.config.user_agent.as_str());
    fill(&mut layer.writer);
    let response = layer.writer.finish();
    let method = request.method().map_or("OTHER", method_label);
    layer.observe(Observation::ResponseSent { flow, method, code });
    layer.send(compose::reply_path(flow, request), response);
}

fn derived_tag(layer: &Layer, request: &Message<'_>) -> Marked {
    let branch = request.top_via().ok().and_then(|via| via.branch).unwrap_or_default();
    let from = request.from().ok().and_then(|from| from.tag).unwrap_or_default();
    let number = layer.marks.derived(&[request.call_id().unwrap_or_default(), from, branch]);
    layer.marks.name(NameKind::Tag, number)
}

/// Whether an ACK is for an answer of [`respond`]: it has the branch of what was refused, and so the tag derived from it
/// (RFC 3261 section 17.1.1.3).
pub(super) fn is_acknowledged(layer: &Layer, ack: &Message<'_>) -> bool {
    let tag = ack.to().ok().and_then(|to| to.tag).unwrap_or_default();
    layer.marks.known(NameKind::Tag, tag) == Some(derived_tag(layer, ack).number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_answered_at_most_so_often() {
        let mut refusals = Refusals::default();
        let now = Moment::from_millis(5_000);
        let source = |n: u32| IpAddr::from(n.to_be_bytes());
        let answered = (0..50).filter(|_| refusals.allow(now, source(1))).count();
        assert_eq!(answered, limits::REFUSALS_PER_SOURCE as usize);
        let answered = (2..500).filter(|n| refusals.allow(now, source(*n))).count();
        assert_eq!(answered, (limits::REFUSALS - limits::REFUSALS_PER_SOURCE) as usize);
        assert!(refusals.by_source.len() <= limits::REFUSALS as usize);
        assert!(refusals.allow(now + Duration::from_secs(1), source(1)));
    }
}
