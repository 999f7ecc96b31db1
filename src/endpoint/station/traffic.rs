//! SIP messages counted, as the stack observed them. Must never know of calls.

use crate::signaling::Observation;

/// SIP messages so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests sent, retransmissions apart.
    pub requests_sent: u64,
    /// Requests received, retransmissions apart.
    pub requests_received: u64,
    /// Responses sent, retransmissions apart.
    pub responses_sent: u64,
    /// Responses received, retransmissions apart.
    pub responses_received: u64,
    /// Messages we sent again.
    pub retransmitted: u64,
    /// Messages that came again.
    pub received_again: u64,
    /// Messages that matched nothing or made no sense.
    pub strayed: u64,
}

impl Traffic {
    /// Counts one observation.
    pub const fn count(&mut self, observation: &Observation) {
        let counter = match observation {
            Observation::RequestSent { .. } => &mut self.requests_sent,
            Observation::RequestReceived { .. } => &mut self.requests_received,
            Observation::ResponseSent { .. } => &mut self.responses_sent,
            Observation::ResponseReceived { .. } => &mut self.responses_received,
            Observation::Retransmitted { .. } => &mut self.retransmitted,
            Observation::RetransmissionReceived { .. } => &mut self.received_again,
            Observation::ParseFailed
            | Observation::Strayed
            | Observation::SourceRefused
            | Observation::Limited { .. }
            | Observation::ChallengeWithheld => &mut self.strayed,
            Observation::FirstResponse { .. }
            | Observation::Peer { .. }
            | Observation::LookupFailed { .. }
            | Observation::Banned { .. }
            | Observation::PhoneChallenged
            | Observation::PhoneRefused { .. }
            | Observation::FlowProved { .. }
            | Observation::FlowShut { .. }
            | Observation::FlowLapsed { .. }
            | Observation::ReuseAsked { .. }
            | Observation::RegistrarAnswered { .. }
            | Observation::PhoneContacts { .. }
            | Observation::ContactReplaced
            | Observation::LampRefused
            | Observation::TrunkUp { .. }
            | Observation::TrunkDown { .. }
            | Observation::TrunkRegistered { .. }
            | Observation::TrunkUnregistered { .. }
            | Observation::CredentialsRefused { .. }
            | Observation::RealmRefused { .. } => return,
        };
        *counter += 1;
    }

    /// Everything both counted.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            requests_sent: self.requests_sent + other.requests_sent,
            requests_received: self.requests_received + other.requests_received,
            responses_sent: self.responses_sent + other.responses_sent,
            responses_received: self.responses_received + other.responses_received,
            retransmitted: self.retransmitted + other.retransmitted,
            received_again: self.received_again + other.received_again,
            strayed: self.strayed + other.strayed,
        }
    }

    /// Messages of either direction, retransmissions apart.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.requests_sent + self.requests_received + self.responses_sent + self.responses_received
    }
}
