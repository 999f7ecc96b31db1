//! map
pub mod acd;
pub mod base;
pub mod call;
pub mod dialplan;
pub mod endpoint;
pub mod engine;
pub mod media;
pub mod settings;
pub mod signaling;
