//! What a stack says: bytes to send, calls that came in, what became of its legs, and what is worth counting.
//! Events are in the past tense. Must never know what a call does with them.

use super::crossing::{Carried, UserToUser};
use super::media::RemoteMedia;
use super::replaces::{Named, Replaces};
use crate::base::dns::Question;
use crate::base::{Cause, Flow, Name, PhoneId, TrunkId};
use bytes::Bytes;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A SIP leg of one stack: one dialog, or the attempt at one. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegKey(pub u64);

impl fmt::Display for LegKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "leg-{}", self.0)
    }
}

/// What the stack wants done or known, in order.
#[derive(Clone, Debug)]
pub enum Output {
    /// Bytes to put on the wire: one datagram, or one message of a stream.
    Send {
        /// Where.
        flow: Flow,
        /// What.
        bytes: Bytes,
    },
    /// An INVITE opened a leg; its 100 went out before this.
    Invited {
        /// The leg it opened.
        leg: LegKey,
        /// What it asked for.
        invitation: Box<Invitation>,
    },
    /// Something happened to a leg.
    Leg {
        /// Which.
        leg: LegKey,
        /// What.
        event: LegEvent,
    },
    /// A question to the DNS; `Stack::resolved` takes the answer.
    Resolve(Question),
    /// Something worth counting happened.
    Observed(Observation),
}

/// Who is calling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The number or name, escapes taken off; empty when none came.
    pub number: String,
    /// The display name.
    pub display: Option<String>,
    /// Whether the caller asked to stay unknown (RFC 3323): `number` is for the operator's eyes only.
    pub anonymous: bool,
}

/// Who sent the call on, and why (RFC 5806).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diversion {
    /// The number that was dialled first.
    pub user: String,
    /// Why the call left it.
    pub reason: DiversionReason,
    /// Whether we did, as far as its mark says: so a call of ours that comes back is known.
    pub is_ours: bool,
}

/// Why a call was sent on (RFC 5806 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiversionReason {
    /// No reason, or one we do not know.
    Unknown,
    /// The number was busy.
    UserBusy,
    /// Nobody answered.
    NoAnswer,
    /// The number could not be reached.
    Unavailable,
    /// Every call is sent on.
    Unconditional,
    /// The hour decides.
    TimeOfDay,
    /// Called party's choice while ringing.
    Deflection,
}

impl DiversionReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Unknown,
        Self::UserBusy,
        Self::NoAnswer,
        Self::Unavailable,
        Self::Unconditional,
        Self::TimeOfDay,
        Self::Deflection,
    ];

    /// The word in the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::UserBusy => "user-busy",
            Self::NoAnswer => "no-answer",
            Self::Unavailable => "unavailable",
            Self::Unconditional => "unconditional",
            Self::TimeOfDay => "time-of-day",
            Self::Deflection => "deflection",
        }
    }

    /// The reason this word names.
    #[must_use]
    pub fn parse(word: &[u8]) -> Self {
        let known =
            Self::ALL.into_iter().find(|reason| word.eq_ignore_ascii_case(reason.as_str().as_bytes()));
        known.unwrap_or(Self::Unknown)
    }
}

/// A Reason header's value (RFC 3326).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Whose code it is.
    pub protocol: ReasonProtocol,
    /// The code; 0 when none was given.
    pub code: u16,
    /// What it says in words.
    pub text: Option<String>,
}

/// Whose code a Reason carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasonProtocol {
    /// A SIP status code.
    Sip,
    /// An ITU-T Q.850 cause.
    Q850,
}

impl ReasonProtocol {
    /// The word in the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sip => "SIP",
            Self::Q850 => "Q.850",
        }
    }
}

/// What an INVITE asked for.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The trunk it came from; none where anyone may call.
    pub trunk: Option<TrunkId>,
    /// The phone it came from, which proved it; none from a trunk.
    pub phone: Option<Name>,
    /// The path it came on.
    pub flow: Flow,
    /// The Request-URI's user, escapes taken off: what decides where the call goes.
    pub dialled: String,
    /// Who is calling, from the header the trunk says.
    pub caller: Caller,
    /// Who sent the call here, when the header says so; the most recent.
    pub diversions: Vec<Diversion>,
    /// Signed identities (RFC 8224), as they came.
    pub identities: Vec<Box<[u8]>>,
    /// What the caller's application tells the called one.
    pub user_to_user: Option<UserToUser>,
    /// The Call-ID.
    pub call_id: String,
    /// Hops left.
    pub max_forwards: u8,
    /// Their media; none with a late offer.
    pub offer: Option<RemoteMedia>,
    /// What dialog it is to take the place of.
    pub replaces: Option<Named>,
    /// Set when the leg can only be refused: the call deserves its record, then `Stack::reject` with this.
    pub refusal: Option<(u16, Cause)>,
}

/// What a REFER asks for (RFC 3515).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    /// Refer-To's user, escapes taken off.
    pub user: String,
    /// What the new INVITE is to be.
    pub wanted: Wanted,
}

/// What kind of INVITE a Refer-To asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A call like any other.
    Call,
    /// One that takes the place of a dialog (RFC 3891).
    Replacement(Replaces),
    /// One with headers nobody may choose for us.
    Other,
}

/// What happened to a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegEvent {
    /// The caller gave up before an answer; CANCEL and INVITE are answered already.
    Cancelled,
    /// The ACK to our answer came, with their answer when the offer was ours.
    Confirmed {
        /// Their media, when it came with the ACK.
        media: Option<RemoteMedia>,
    },
    /// A 180 came.
    Ringing,
    /// Another provisional answer above 100 came.
    Progressed {
        /// Its code.
        code: u16,
        /// Their media, when it carried any.
        media: Option<RemoteMedia>,
    },
    /// They answered; the ACK is out.
    Answered {
        /// Their media.
        media: RemoteMedia,
    },
    /// The one dialled is not who rings or answers: forwarding, or a voicemail. Told once, and before the answer.
    Forwarded,
    /// They refused, and name somebody else to ask (301, 302); told instead of [`LegEvent::Refused`].
    Redirected {
        /// The code.
        code: u16,
        /// Whom: the first Contact's user, escapes taken off.
        user: String,
    },
    /// They refused.
    Refused {
        /// The code.
        code: u16,
        /// What it means.
        cause: Cause,
    },
    /// The answer, CANCEL or BYE told of next says this to whoever is on the other leg.
    Brought {
        /// What.
        carried: Carried,
    },
    /// They ask us to send the other side on (REFER); it waits for `Stack::accept_refer` or `Stack::refuse_refer`.
    Referred {
        /// To where.
        referral: Referral,
    },
    /// They will try to call for themselves whom our REFER named.
    SendingOn,
    /// They did, or tell no more of it: nothing keeps the leg.
    SentOn,
    /// They refuse our REFER, could not do it, or say nothing; the call goes on.
    NotSentOn,
    /// They hung up; the 200 waits for `Stack::release_bye`.
    HungUp {
        /// What it means.
        cause: Cause,
        /// What they said of it.
        reason: Option<Reason>,
    },
    /// A re-INVITE, or its answer, changed address, codec or direction.
    Remote {
        /// Their media from now on.
        media: RemoteMedia,
    },
    /// They pressed a key, and said so by INFO.
    KeyPressed {
        /// `0` to `9`, `*`, `#`, `A` to `D`.
        key: char,
    },
    /// The leg broke: no ACK, no answer at all, its path lost, or an answer nobody can use. What could be sent was.
    Failed {
        /// Why.
        cause: Cause,
    },
    /// Nothing of this leg is left. Always the last event.
    Ended,
}

/// What is worth counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observation {
    /// A request came that was not a retransmission.
    RequestReceived {
        /// The path it took.
        flow: Flow,
        /// Its method; `OTHER` when unknown.
        method: &'static str,
    },
    /// A request went out.
    RequestSent {
        /// The path it took.
        flow: Flow,
        /// Its method.
        method: &'static str,
    },
    /// A response came that was not a retransmission.
    ResponseReceived {
        /// The path it took.
        flow: Flow,
        /// The request's method.
        method: &'static str,
        /// The code.
        code: u16,
    },
    /// A response went out.
    ResponseSent {
        /// The path it took.
        flow: Flow,
        /// The request's method.
        method: &'static str,
        /// The code.
        code: u16,
    },
    /// We sent something again because nothing came back.
    Retransmitted {
        /// The path it took.
        flow: Flow,
        /// The method it belongs to.
        method: &'static str,
    },
    /// Something came again and was answered as before, or absorbed.
    RetransmissionReceived {
        /// The path it took.
        flow: Flow,
        /// The method it belongs to.
        method: &'static str,
    },
    /// The first response to an INVITE or OPTIONS of ours came.
    FirstResponse {
        /// The path the request took.
        flow: Flow,
        /// The request's method.
        method: &'static str,
        /// How long after the request was first sent.
        after: Duration,
    },
    /// A source no trunk accepts sent a request.
    SourceRefused,
    /// A stranger is not listened to any more.
    Banned {
        /// Who.
        source: IpAddr,
        /// For how long.
        lasts: Duration,
    },
    /// A request was refused or dropped by a limit that keeps nothing of it.
    Limited {
        /// The limit.
        limit: &'static str,
    },
    /// A request that proved nothing was challenged.
    PhoneChallenged,
    /// A source was challenged so often that its request was dropped.
    ChallengeWithheld,
    /// A challenge was answered, and not well.
    PhoneRefused {
        /// `credentials`: no such phone, or another password; `stale`: a nonce too old or used before.
        why: &'static str,
    },
    /// A phone proved who it is over this stream.
    FlowProved {
        /// Which.
        flow: Flow,
    },
    /// A trunk's peer offers a stream it opened for what goes to where it listens (RFC 5923).
    ReuseAsked {
        /// Its path.
        flow: Flow,
        /// What its far end listens on.
        address: SocketAddr,
    },
    /// Whoever speaks over this stream is not listened to.
    FlowShut {
        /// Which.
        flow: Flow,
    },
    /// No phone is registered over this stream any more, and no call goes over it: whoever is there is a stranger again.
    FlowLapsed {
        /// Which.
        flow: Flow,
    },
    /// A phone that proved who it is asked the registrar for something.
    RegistrarAnswered {
        /// `registered`, `refreshed`, `removed`, `fetched`, or why not.
        result: &'static str,
    },
    /// A phone's contacts were registered, lapsed, or are gone.
    PhoneContacts {
        /// Which.
        phone: PhoneId,
        /// How many it has now.
        contacts: usize,
    },
    /// A phone watches as many others as it may.
    LampRefused,
    /// One contact more than a phone may have took the place of another.
    ContactReplaced,
    /// A message made no sense and could not be answered.
    ParseFailed,
    /// A response, ACK or CANCEL matched nothing.
    Strayed,
    /// One of a trunk's peers gave a sign of life, for the first time or again; or gave none.
    Peer {
        /// Whose.
        trunk: TrunkId,
        /// Where it is.
        peer: SocketAddr,
        /// Whether it lives.
        up: bool,
    },
    /// A trunk's peers could not be looked up; those known before stay.
    LookupFailed {
        /// Which.
        trunk: TrunkId,
    },
    /// A trunk gave a sign of life again.
    TrunkUp {
        /// Which.
        trunk: TrunkId,
    },
    /// A trunk gave no sign of life.
    TrunkDown {
        /// Which.
        trunk: TrunkId,
    },
    /// A trunk's registrar took us in.
    TrunkRegistered {
        /// Which.
        trunk: TrunkId,
    },
    /// A trunk's registrar refuses us, forgot us, or could not be asked before it did.
    TrunkUnregistered {
        /// Which.
        trunk: TrunkId,
    },
    /// A trunk's peer did not take our name and password, or asks for them in a way we do not know.
    CredentialsRefused {
        /// Which.
        trunk: TrunkId,
    },
    /// A trunk's peer asked for the password of another realm, and did not get it.
    RealmRefused {
        /// Which.
        trunk: TrunkId,
    },
}
