//! Answering a 401 or 407 to a request of ours: the same request again, as a transaction of its own (RFC 3261 section
//! 22.2). Must never answer on another path than the request took.

use super::compose;
use super::credentials::Verdict;
use super::event::Observation;
use super::mark::NameKind;
use super::registration;
use super::stack::Stack;
use super::transaction::{Attempt, ClientKey, Owner, Report};
use crate::base::{Flow, Moment};
use crate::wire::sip::{HeaderName, Message, Method};

/// How often one request is sent, its first time included; once more when the far end says the nonce alone was too old.
const TRIES: u8 = 2;

/// Whether a request already carries the field its challenge asks for.
fn carries_answer(request: &[u8], challenge: &Message<'_>) -> bool {
    let field = match challenge.code() {
        Some(407) => HeaderName::ProxyAuthorization,
        Some(_) | None => HeaderName::Authorization,
    };
    Message::parse(request).is_ok_and(|request| request.header(field).is_some())
}

impl Stack {
    /// Takes a 401 or 407 to the request of `attempt`. Says whether it went out again: its owner then hears of that
    /// answer instead.
    pub(super) fn answer_challenge(
        &mut self,
        now: Moment,
        flow: Flow,
        report: &Report,
        attempt: &Attempt,
        response: &Message<'_>,
    ) -> bool {
        // Neither may be challenged (RFC 3261 section 22.1).
        if matches!(report.method, Method::Cancel | Method::Ack) || !self.awaits(report) {
            return false;
        }
        // Whoever answers from elsewhere is not the peer the password is for.
        let is_path = (flow.transport, flow.remote) == (attempt.way.transport, attempt.way.remote);
        let Some(trunk) = self.layer.credentials.trunk(attempt.flow).filter(|_| is_path) else {
            return false;
        };
        let stale = match self.layer.credentials.hear(trunk, response) {
            Verdict::Answerable { stale } => stale,
            Verdict::OtherRealm => {
                self.layer.observe(Observation::RealmRefused { trunk });
                return false;
            }
            Verdict::Unknown => {
                self.layer.observe(Observation::CredentialsRefused { trunk });
                return false;
            }
        };
        // A server behind a proxy that was answered asks for itself (RFC 3261 section 22.3).
        let is_first = !carries_answer(&attempt.request, response);
        if attempt.tries >= TRIES + u8::from(stale) + u8::from(is_first) {
            self.layer.credentials.forget(trunk);
            self.layer.observe(Observation::CredentialsRefused { trunk });
            return false;
        }
        self.send_again(now, report, attempt).is_some()
    }

    /// Whether the owner of a request still wants its answer.
    fn awaits(&self, report: &Report) -> bool {
        match report.owner {
            Owner::Leg(key) => self.legs.get(&key).is_some_and(|leg| leg.awaits(report.key, report.method)),
            Owner::Registration(trunk) => registration::awaits(&self.trunks, trunk, report.key),
            Owner::Ping(_) | Owner::Phone(_) | Owner::Lamp(_) | Owner::Nobody => true,
        }
    }

    fn send_again(&mut self, now: Moment, report: &Report, attempt: &Attempt) -> Option<()> {
        let request = Message::parse(&attempt.request).ok()?;
        let branch = self.layer.fresh(NameKind::Branch);
        let key = ClientKey { number: branch.number, cancel: false };
        let number = match report.owner {
            Owner::Leg(leg) => self.legs.get_mut(&leg)?.asks_again(report.key, key),
            Owner::Registration(trunk) => registration::asks_again(&mut self.trunks, trunk, key)?,
            Owner::Ping(_) | Owner::Phone(_) | Owner::Lamp(_) | Owner::Nobody => {
                request.cseq().ok()?.number + 1
            }
        };
        let via = (self.layer.public(attempt.flow), attempt.flow.transport, branch);
        compose::start_again(&mut self.layer.writer, &request, via, number)?;
        self.layer.put_credentials(attempt.flow, report.method, request.request_uri().ok()?.raw);
        let bytes = self.layer.writer.finish();
        self.layer.start_client(now, key, report.method, report.owner, attempt.flow, bytes);
        self.layer.count_tries(key, attempt.tries + 1);
        Some(())
    }
}
