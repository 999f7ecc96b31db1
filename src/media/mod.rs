//! Floor 2: RTP without sockets. What a call leg sends and hears, as a pure function of commands, packets and time.
//! The same [`Board`] runs in each media thread and in the simulator. Must never know of SIP, calls or queues.
#![forbid(unsafe_code)]

pub mod board;
pub mod g711;
mod plane;
mod pool;
mod resample;
mod sound;
mod stats;
mod wav;

pub use board::Board;
pub use plane::{Command, Event, Kind, MediaPlane, PortId, Refusal, Sink, SourceLocking, StreamSetup, Tone};
pub use pool::PortPool;
pub use sound::{Sound, SoundError};
pub use stats::StreamStats;

#[cfg(test)]
#[path = "../../tests/support/tone.rs"]
mod tone;
