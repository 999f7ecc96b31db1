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
mod guard;
mod identity;
mod lamps;
mod leg;
mod locate;
mod loops;
mod mark;
mod media;
mod offer_answer;
mod overload;
mod own_address;
pub mod passport;
mod peers;
mod ping;
mod receive;
mod refusal;
mod registrar;
mod registration;
mod replaces;
mod resolve;
mod reuse;
mod screen;
mod stack;
mod strangers;
#[cfg(test)]
mod tests;
mod timer;
mod transaction;
mod trunk;
mod verbs;

pub use config::{
    Admission, BanPolicy, CallerHeader, DiversionHeader, IdentityPolicy, Listen, Peer, PeerName,
    PhoneAccount, PhoneSettings, SessionSettings, StackConfig, TimerSettings, TrunkAccount, TrunkPeer,
};
pub use crossing::{CROSSINGS, Carried, Crossing, UserToUser, Way};
pub use digest::password_digests;
pub use event::{
    Caller, Diversion, DiversionReason, Invitation, LegEvent, LegKey, Observation, Output, Reason,
    ReasonProtocol, Referral, Wanted,
};
pub use lamps::{Lamp, LampKey};
pub use media::{Codecs, Direction, LocalMedia, RemoteMedia};
pub use overload::Patience;
pub use own_address::OwnAddress;
pub use peers::PeerKey;
pub use registrar::BindingKey;
pub use replaces::{Named, Replaces};
pub use stack::Stack;
pub use timer::{LegTimer, TimerName};
pub use transaction::{ClientKey, ServerKey, TransactionTimer};
pub use verbs::{ContactPath, Invite, MediaOffer, Rejection, SendOn};
