//! SIP without sockets: transactions (RFC 3261 section 17, RFC 6026), dialogs, legs, offer/answer, trunks.
//! Bytes and time come in, bytes and events go out. Must never know of calls, queues or dialplans.

mod config;
mod event;
mod media;
mod transaction;
mod verbs;

pub use config::{Admission, CallerHeader, Listen, StackConfig, TimerSettings, TrunkPeer};
pub use event::{
    Caller, Diversion, DiversionReason, Invitation, LegEvent, LegKey, Observation, Output, Reason,
    ReasonProtocol,
};
pub use media::{Codecs, Direction, LocalMedia, RemoteMedia};
pub use transaction::TransactionTimer;
pub use verbs::{Invite, Rejection};
