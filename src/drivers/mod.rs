//! Floor 5: the world. Drivers move bytes, time, audio and rows between it and the pure library; none knows another.
//! Must never decide anything about a call.
#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "clocks, threads, sockets and files are what drivers are for"
)]

pub mod certificates;
pub mod clock;
pub mod console;
pub mod control;
pub mod dialplan_files;
pub mod hep;
pub mod logs;
pub mod media_threads;
pub mod metrics;
pub mod open_files;
pub mod resolver;
pub mod signals;
pub mod sockets;
pub mod stations;
pub mod store;
