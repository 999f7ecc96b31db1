//! map
pub mod base;
pub mod dialplan;
