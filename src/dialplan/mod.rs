//! Floor 1: dialplans/*.toml → Document (with spans) → checked → Plan (immutable, ids resolved).
//! Must never know of calls, SIP messages or media; what it must know of the machine, the caller fills in as `Known`.
#![forbid(unsafe_code)]

pub mod holidays;
pub mod hours;
pub mod plan;

pub use hours::Hours;
pub use plan::*;
