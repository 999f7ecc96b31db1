//! Floor 4: Core (acd + call + timers) wrapped by SIP and media. What goes in is an [`Event`], what comes out an [`Effect`].

pub mod core;
pub mod observation;
pub mod status;

pub use self::core::Core;
pub use observation::Observation;
