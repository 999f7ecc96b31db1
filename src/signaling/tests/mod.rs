//! Stories of two stacks joined by a wire, and of one stack and a peer that says what it likes. All in virtual time.

mod calls;
mod challenged;
mod challenges;
mod changes;
mod crossing;
mod crossings;
mod for_help;
mod forged;
mod forks;
mod guesses;
mod info;
mod lamps;
mod large;
mod media_changes;
mod offers;
mod overload;
mod own_address;
mod pair;
mod phones;
mod prack;
mod races;
mod raw;
mod refer;
mod refusals;
mod registrations;
mod reliable;
mod replaces;
mod session;
mod session_refresh;
mod storm;
mod strangers;
mod tls;
mod trunks;
mod websocket;

pub(super) use pair::trunk;
