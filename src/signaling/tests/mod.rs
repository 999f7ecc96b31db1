//! Stories of two stacks joined by a wire, and of one stack and a peer that says what it likes. All in virtual time.

mod calls;
mod challenges;
mod changes;
mod info;
mod offers;
mod pair;
mod prack;
mod races;
mod raw;
mod refusals;
mod registrations;
mod reliable;
mod session;
mod session_refresh;
mod storm;
mod tls;
mod trunks;

pub(super) use pair::trunk;
