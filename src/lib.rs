//! map
pub mod acd;
pub mod base;
pub mod call;
pub mod dialplan;
#[cfg(feature = "drivers")]
pub mod drivers;
pub mod endpoint;
pub mod engine;
pub mod media;
pub mod settings;
pub mod signaling;
pub mod wire;
