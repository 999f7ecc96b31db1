//! What the verbs of a stack take: the INVITE to send, the refusal to give. Data only.

use super::config::{DiversionHeader, IdentityPolicy};
use super::crossing::UserToUser;
use super::event::{Caller, Diversion, Reason, ReasonProtocol};
use super::media::LocalMedia;
use crate::base::{Cause, Flow, Name, TrunkId, limits};

/// Which side offers first (RFC 3264, RFC 3261 section 13.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaOffer {
    /// We do, in the INVITE.
    Early(LocalMedia),
    /// They do, in the 2xx; the ACK answers with this.
    Late(LocalMedia),
}

/// A registered contact, and the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactPath {
    /// The path its registration came on.
    pub flow: Flow,
    /// Its URI, as it wrote it.
    pub uri: Box<[u8]>,
    /// The proxies between (RFC 3327), nearest first.
    pub routes: Vec<Box<[u8]>>,
}

/// An INVITE to send.
#[derive(Clone, Debug)]
pub struct Invite {
    /// The trunk it goes to, whose codecs then count; none to a peer that is no trunk.
    pub trunk: Option<TrunkId>,
    /// The path to take.
    pub flow: Flow,
    /// The user to ask for, as dialled; escaped where the Request-URI needs it.
    pub target_user: String,
    /// Host, and port when it has one, of the Request-URI.
    pub target_host: String,
    /// The host of the addresses of ours it says, where that is not our own: the trunk's domain.
    pub domain: Option<Name>,
    /// The registered contact to ask, along its own path; the user and host then only say who is meant.
    pub contact: Option<ContactPath>,
    /// Who is calling.
    pub caller: Caller,
    /// How the far end is told who calls.
    pub policy: IdentityPolicy,
    /// Signed identities that go on as they came.
    pub identities: Vec<Box<[u8]>>,
    /// Who sends the call on, and why.
    pub diversions: Vec<Diversion>,
    /// What the caller's application tells the called one.
    pub user_to_user: Option<UserToUser>,
    /// The user of the agent who sends the caller there (RFC 3892).
    pub referred_by: Option<String>,
    /// Our media, and which side offers first.
    pub offer: MediaOffer,
    /// Hops left.
    pub max_forwards: u8,
    /// Further headers, name and value.
    pub extra_headers: Vec<(&'static str, String)>,
}

impl Invite {
    /// An INVITE for `target_user` at the far end of `flow`, everything else as usual.
    #[must_use]
    pub fn new(flow: Flow, target_user: &str, caller: Caller, local: LocalMedia) -> Self {
        Self {
            trunk: None,
            flow,
            target_user: target_user.into(),
            target_host: flow.remote.to_string(),
            domain: None,
            contact: None,
            caller,
            policy: IdentityPolicy::default(),
            identities: Vec::new(),
            diversions: Vec::new(),
            user_to_user: None,
            referred_by: None,
            offer: MediaOffer::Early(local),
            // RFC 3261 section 8.1.1.6.
            max_forwards: 70,
            extra_headers: Vec::new(),
        }
    }
}

/// Whom a caller's own side is to call instead of us.
#[derive(Clone, Debug)]
pub struct SendOn {
    /// The user to ask for, as that side dials it.
    pub target_user: String,
    /// Host, and port when it has one, to ask there.
    pub target_host: String,
    /// The host of the addresses of ours it says, where that is not our own: the trunk's domain.
    pub our_host: Option<Name>,
    /// Who sends the call on, and why; ours the first.
    pub diversions: Vec<Diversion>,
    /// How the far end is told of that.
    pub diversion: DiversionHeader,
}

/// A refusal to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The status code, 300 to 699.
    pub code: u16,
    /// The reason phrase.
    pub phrase: &'static str,
    /// The Reason header.
    pub reason: Option<Reason>,
    /// `Retry-After`, s.
    pub retry_after_s: Option<u32>,
}

impl Rejection {
    /// `code` with the phrase of the cause table or of RFC 3261, and no Reason.
    #[must_use]
    pub fn code(code: u16) -> Self {
        Self { code, phrase: phrase(code), reason: None, retry_after_s: None }
    }
}

impl From<Cause> for Rejection {
    fn from(cause: Cause) -> Self {
        let row = cause.row();
        // Who hangs up while the answer still waits for its PRACK refuses: 200 is no refusal.
        let (code, phrase) = if row.sip_code < 300 { (480, phrase(480)) } else { (row.sip_code, row.phrase) };
        Self { code, phrase, reason: Some(Reason::q850(cause)), retry_after_s: retry_after_s(cause) }
    }
}

/// What a 503 says of its end (RFC 3261 section 21.5.4). Without it, it takes the whole trunk away: only true overload asks
/// for that.
fn retry_after_s(cause: Cause) -> Option<u32> {
    if cause == Cause::ShuttingDown {
        Some(limits::RESTART_S)
    } else if cause == Cause::RateLimited {
        // A second's calls are counted.
        Some(1)
    } else {
        None
    }
}

impl Reason {
    /// The Q.850 cause of the cause table.
    #[must_use]
    pub fn q850(cause: Cause) -> Self {
        Self { protocol: ReasonProtocol::Q850, code: u16::from(cause.row().q850), text: None }
    }
}

/// The reason phrase of a status code (RFC 3261 section 21).
#[must_use]
pub const fn phrase(code: u16) -> &'static str {
    match code {
        100 => "Trying",
        180 => "Ringing",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        302 => "Moved Temporarily",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        469 => "Bad Info Package",
        423 => "Interval Too Brief",
        422 => "Session Interval Too Small",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        486 => "Busy Here",
        487 => "Request Terminated",
        489 => "Bad Event",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        _ => "Refused",
    }
}
