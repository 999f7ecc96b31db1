//! SIP without sockets: transactions (RFC 3261 section 17, RFC 6026), dialogs, legs, offer/answer, trunks.
//! Bytes and time come in, bytes and events go out. Must never know of calls, queues or dialplans.
#![forbid(unsafe_code)]

mod challenge;
mod compose;
mod config;
mod credentials;
mod crossing;
mod dialog;
mod digest;
mod event;
mod leg;
mod mark;
mod media;
mod offer_answer;
mod ping;
mod receive;
mod refusal;
mod registration;
mod screen;
mod stack;
#[cfg(test)]
mod tests;
mod timer;
mod transaction;
mod trunk;
mod verbs;

pub use config::{
    Admission, CallerHeader, Listen, SessionSettings, StackConfig, TimerSettings, TrunkAccount, TrunkPeer,
};
pub use crossing::{CROSSINGS, Carried, Crossing, UserToUser, Way};
pub use event::{
    Caller, Diversion, DiversionReason, Invitation, LegEvent, LegKey, Observation, Output, Reason,
    ReasonProtocol, Referral,
};
pub use media::{Codecs, Direction, LocalMedia, RemoteMedia};
pub use stack::Stack;
pub use timer::{LegTimer, TimerName};
pub use transaction::{ClientKey, ServerKey, TransactionTimer};
pub use verbs::{Invite, MediaOffer, Rejection};
