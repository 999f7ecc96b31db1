//! Floor 6: one file per command. Arguments in, an exit code out; what they do is in the floors below.
#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "commands read their surroundings and speak to people"
)]

pub mod check;
pub mod demo;
pub mod demo_site;
pub mod language;
pub mod phones;
pub mod serve;
pub mod status;
pub mod trace;
