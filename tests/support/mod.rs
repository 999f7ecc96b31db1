//! What the stories and the simulation stand on. Must never open a socket, read a clock or sleep.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod phones;
pub mod plan;
pub mod sim;
pub mod tone;
pub mod traced;
