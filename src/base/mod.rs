//! Floor 0: the words every floor shares. Ids, time, chance, limits, phone numbers, causes, outcomes.
//! Must never know of SIP, SDP, dialplans or drivers.
#![forbid(unsafe_code)]

pub mod cause;
pub mod codec;
pub mod dns;
pub mod emergency;
pub mod finding;
pub mod ids;
pub mod limits;
mod map;
pub mod name;
pub mod net;
pub mod outcome;
pub mod phone;
pub mod random;
pub mod secret;
pub mod time;
pub mod timers;
pub mod written;

pub use cause::Cause;
pub use codec::{Codec, PayloadTypes};
pub use ids::*;
pub use map::{Map, Set, give_back, seeded_map};
pub use name::Name;
pub use net::{Flow, Transport};
pub use outcome::Outcome;
pub use random::Random;
pub use secret::Secret;
pub use time::{Moment, Now, Utc};
pub use timers::Timers;
