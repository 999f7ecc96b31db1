//! map
pub mod base;
pub mod call;
pub mod dialplan;
#[cfg(feature = "drivers")]
pub mod drivers;
pub mod engine;
