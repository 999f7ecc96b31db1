//! Floor 6: one file per command. Arguments in, an exit code out; what they do is in the floors below.

pub mod check;
pub mod demo;
pub mod demo_site;
pub mod language;
pub mod serve;
pub mod status;
