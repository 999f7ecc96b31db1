//! Floor 1: bytes ⇄ values. SIP here, SDP, RTP and STUN beside it; zero-copy, no allocation where packets are many.
//! Must never know of transactions, dialogs, calls, sockets or time.
#![forbid(unsafe_code)]

pub mod hep;
pub mod rtp;
pub mod sdp;
pub mod sip;
pub mod stun;
