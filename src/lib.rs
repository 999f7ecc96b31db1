//! map
pub mod base;
pub mod dialplan;
pub mod signaling;
