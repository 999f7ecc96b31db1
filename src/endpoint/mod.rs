//! Floor 3: phones and trunks of our own, without sockets. Many user agents share one SIP address and one stack, each
//! call follows a script, and what it did is reported. The demo, the load harness and the simulator play them.
//! Must never know of dialplans, queues or the engine: it sees Spillway from outside, as a peer does.
#![forbid(unsafe_code)]

mod audio;
mod event;
mod script;
mod spread;
mod station;

pub use crate::signaling::LegKey;
pub use audio::Measured;
pub use event::{Ending, Event, Happened, Side, Story};
pub use script::{Answering, Between, Dial, Key, Pickup, Voice};
pub use spread::Spread;
pub use station::{Station, StationConfig, Traffic};

use crate::base::Flow;
use std::net::SocketAddr;

/// Where a station's packets and events go: real sockets in the demo and the benches, the virtual network in the
/// simulator.
pub trait Sink {
    /// Sends one SIP message.
    fn sip(&mut self, flow: Flow, message: &[u8]);
    /// Sends one RTP packet from the `socket`th of [`StationConfig::rtp`].
    fn rtp(&mut self, socket: usize, to: SocketAddr, packet: &[u8]);
    /// Reports what happened to a call.
    fn event(&mut self, event: Event);
}
