//! Floor 3: a call's life. What happened to it (facts), what it amounts to (the record), and what it does next (states).
//! Must never know of SIP, sockets or the ACD: a call's test contains no SIP header.

pub mod fact;
pub mod record;

pub use fact::{Entry, Fact, LegEnd, Subject, VisitEnd};
pub use record::{Record, fold};
