//! The names of a stack's timers. One set holds them all.

use super::event::LegKey;
use super::lamps::LampKey;
use super::peers::PeerKey;
use super::registrar::BindingKey;
use super::transaction::{ClientKey, ServerKey, TransactionTimer};
use crate::base::TrunkId;

/// A timer of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerName {
    /// One of a client transaction's.
    Client(ClientKey, TransactionTimer),
    /// One of a server transaction's.
    Server(ServerKey, TransactionTimer),
    /// One of a leg's.
    Leg(LegKey, LegTimer),
    /// A peer's next ping.
    Ping(PeerKey),
    /// Gives up waiting for a peer's first sign of life, long before timer F (RFC 3261 section 17.1.2.2) would.
    FirstSign(PeerKey),
    /// A peer that said Retry-After has rested (RFC 3261 section 21.5.4).
    Rest(PeerKey),
    /// A trunk's name is to be looked up, or a question stayed without an answer.
    Lookup(TrunkId),
    /// A trunk's next REGISTER (RFC 3261 section 10.2).
    Register(TrunkId),
    /// What a trunk's registrar granted is over, and nothing renewed it.
    RegistrationLapse(TrunkId),
    /// What a phone registered is over, and nothing renewed it (RFC 3261 section 10.3).
    BindingLapse(BindingKey),
    /// A subscription is over, and nothing renewed it (RFC 6665 section 4.2.1.1).
    LampLapse(LampKey),
    /// A phone's next keep-alive.
    KeepAlive(BindingKey),
}

/// The timers of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegTimer {
    /// Sends our 2xx again, from T1 doubling up to T2 (RFC 3261 section 13.3.1.4).
    AnswerAgain,
    /// Gives up waiting for the ACK to our 2xx, after 64 × T1 (same section).
    AckMissing,
    /// Gives up a cancelled INVITE that gets no final response, 64 × T1 after its CANCEL (section 9.1).
    CancelMissing,
    /// Tries our re-INVITE or UPDATE again after a 491 (section 14.1).
    Glare,
    /// Sends our reliable provisional response again, from T1 doubling (RFC 3262 section 3).
    ProvisionalAgain,
    /// Gives up waiting for its PRACK, after 64 × T1 (same section).
    PrackMissing,
    /// Refreshes the session, at half its interval (RFC 4028 section 7.2).
    Refresh,
    /// Ends a session that was not refreshed (RFC 4028 section 10).
    SessionEnd,
    /// Forgets a leg that hung up and whose 200 nobody released.
    ReleaseMissing,
    /// Gives up waiting for the answer to our REFER.
    ReferMissing,
}

impl LegTimer {
    /// Every timer of a leg.
    pub(super) const ALL: [Self; 10] = [
        Self::AnswerAgain,
        Self::AckMissing,
        Self::CancelMissing,
        Self::Glare,
        Self::ProvisionalAgain,
        Self::PrackMissing,
        Self::Refresh,
        Self::SessionEnd,
        Self::ReleaseMissing,
        Self::ReferMissing,
    ];
}
