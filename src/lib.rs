//! map
pub mod base;
