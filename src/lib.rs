//! map
pub mod base;
pub mod media;
