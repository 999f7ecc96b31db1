//! Floor 1: dialplans/*.toml → Document (with spans) → checked → Plan (immutable, ids resolved).
//! Must never know of calls, SIP messages or media; what it must know of the machine, the caller fills in as [`Known`].
//!
//! `keys` says what may be written; `read` turns sections into the plan and into `graph`, the ways between
//! destinations; `check` proves what only the whole can show. `wording` holds every sentence.
#![forbid(unsafe_code)]

mod check;
mod files;
mod graph;
pub mod holidays;
pub mod hours;
mod ids;
mod keys;
mod load;
pub mod plan;
mod read;
mod scope;
mod wording;

pub use files::{Files, SoundFile};
pub use hours::Hours;
pub use ids::Ids;
pub use load::{Known, load};
pub use plan::*;
