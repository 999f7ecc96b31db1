//! What the core lets the world see. Drivers turn observations into logs, metrics, rows and the wallboard;
//! the core itself never logs.

use crate::base::{Cause, LegId, Name};
use crate::call::{Entry, Record};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// What the registrar did, or would not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneObservation {
    /// A request that proved nothing was challenged.
    Challenged,
    /// A source was challenged so often that its request was dropped.
    Withheld,
    /// A challenge was answered, and not well.
    Refused {
        /// `credentials`: no such phone, or another password; `stale`: a nonce too old or used before.
        why: &'static str,
    },
    /// A phone that proved who it is asked for something.
    Answered {
        /// `registered`, `refreshed`, `removed`, `fetched`, or why not.
        result: &'static str,
    },
    /// A phone's contacts were registered, lapsed, or are gone.
    Contacts {
        /// Which phone.
        extension: Name,
        /// How many it has now.
        contacts: usize,
    },
    /// A phone watches as many others as it may.
    LampRefused,
    /// One contact more than a phone may have took the place of another.
    Replaced,
}

/// Something worth counting, logging or showing.
#[derive(Clone, Debug)]
pub enum Observation {
    /// A fact was appended to the journal.
    Fact(Arc<Entry>),
    /// A call is over: its record, right after its last fact.
    Recorded(Arc<Record>),
    /// An INVITE of ours is about to go out: what its leg is called in SIP messages. A leg that tries another peer is
    /// called anew.
    LegCalled {
        /// Which.
        leg: LegId,
        /// Its Call-ID.
        sip_call_id: Box<[u8]>,
    },
    /// A queue's waiting line changed.
    QueueLine {
        /// The queue's site: names are unique within one only.
        site: Name,
        /// Which.
        queue: Name,
        /// Callers waiting now.
        waiting: u32,
        /// Entry of the one waiting longest.
        oldest: Option<crate::base::Now>,
    },
    /// A judged wait, counted once per call and SLA.
    Judged {
        /// The SLA's site.
        site: Name,
        /// The SLA.
        sla: Name,
        /// The queue or target it is attached to.
        on: Name,
        /// `qs1` or `qs2`.
        indicator: &'static str,
        /// `hit`, `miss` or `ignored`.
        verdict: &'static str,
    },
    /// A trunk answers its OPTIONS, for the first time or again, or stopped answering.
    Trunk {
        /// Which.
        trunk: Name,
        /// Whether it is up.
        up: bool,
    },
    /// One of a trunk's peers answers its OPTIONS, for the first time or again, or stopped answering.
    Peer {
        /// The trunk.
        trunk: Name,
        /// Where the peer is.
        peer: SocketAddr,
        /// Whether it is up.
        up: bool,
    },
    /// A trunk's peers could not be looked up; those known before stay.
    LookupFailed {
        /// The trunk.
        trunk: Name,
    },
    /// A call out goes to a trunk's next peer.
    Failover {
        /// Which trunk.
        trunk: Name,
        /// What the peer before did: `refused`, `unreachable` or `silent`.
        why: &'static str,
    },
    /// A caller was to be given back to their own side, with the number to call.
    Deflection {
        /// Which trunk they came in on.
        trunk: Name,
        /// `redirected` by 302, `referred` by REFER, or `refused`: then we ring the target.
        result: &'static str,
    },
    /// A trunk's registrar took us in; or refuses us, forgot us, or could not be asked before it did.
    Registration {
        /// Which.
        trunk: Name,
        /// Whether it knows us.
        registered: bool,
    },
    /// A trunk's peer does not take the name and password configured for it.
    CredentialsRefused {
        /// Which.
        trunk: Name,
        /// `credentials`, or `realm` where it asked for the password of another realm and did not get it.
        why: &'static str,
    },
    /// Something about the phones that register here.
    Phone(PhoneObservation),
    /// A SIP response was sent or received.
    SipResponse {
        /// `in` or `out`.
        direction: &'static str,
        /// The trunk it went to or came from, if any.
        trunk: Option<Name>,
        /// The method, from the closed list of known ones, else `OTHER`.
        method: &'static str,
        /// The status code.
        code: u16,
    },
    /// A SIP request was sent or received.
    SipRequest {
        /// `in` or `out`.
        direction: &'static str,
        /// The trunk it went to or came from, if any.
        trunk: Option<Name>,
        /// The method, from the closed list of known ones, else `OTHER`.
        method: &'static str,
    },
    /// A retransmission was sent or absorbed.
    SipRetransmission {
        /// `in` or `out`.
        direction: &'static str,
        /// The trunk it went to or came from, if any.
        trunk: Option<Name>,
    },
    /// The first response to an INVITE or OPTIONS of ours came.
    SipFirstResponse {
        /// The trunk that was asked, if any.
        trunk: Option<Name>,
        /// The request's method.
        method: &'static str,
        /// How long after the request.
        after: Duration,
    },
    /// A request came from a source no trunk accepts.
    SourceRefused,
    /// Bytes that are no SIP message.
    NotSip,
    /// A response or an ACK that belongs to nothing we hold.
    SipStray,
    /// A leg's audio is over: its figures.
    Audio {
        /// The trunk the leg was on.
        trunk: Name,
        /// RTP packets received.
        received: u64,
        /// RTP packets sent.
        sent: u64,
        /// Packets that never came, RFC 3550 appendix A.3.
        lost: u64,
        /// Packets whose codec we changed.
        transcoded: u64,
        /// Packets from a source that was not the leg's.
        refused: u64,
    },
    /// The 200 to a BYE went out before the journal had it on disk.
    StoreLate {
        /// How many journal entries wait.
        backlog: u64,
    },
    /// A stranger was refused too often and is not listened to any more.
    Banned {
        /// Who: its address, or the first of its IPv6 /64.
        source: IpAddr,
        /// For how long.
        lasts: Duration,
    },
    /// A SIP request was refused or dropped by a limit that keeps nothing of it, not even a record.
    SipLimited {
        /// The limit's name.
        limit: &'static str,
    },
    /// New calls began to be turned away because the engine is behind, or none was for a while.
    Overload {
        /// Whether it is.
        overloaded: bool,
    },
    /// A call was refused by a limit.
    LimitReached {
        /// The limit's name.
        limit: &'static str,
        /// What the caller was told.
        cause: Cause,
    },
    /// A limit of a trunk's own refused a call on it.
    TrunkLimit {
        /// Which trunk.
        trunk: Name,
        /// `channels` or `cps`.
        limit: &'static str,
    },
    /// A broken invariant was caught; it cost one call.
    Fault {
        /// What the panic said.
        what: String,
    },
}
