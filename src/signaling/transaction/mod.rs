//! Transactions: four pure machines laid beside the figures of RFC 3261, and the layer that holds their bytes.
//! Must never know of legs beyond their keys.

mod action;
mod client;
mod client_invite;
mod clients;
mod identity;
mod large;
mod layer;
mod server;
mod server_invite;
mod servers;

pub use action::TransactionTimer;
pub use clients::ClientKey;
pub(super) use clients::{Attempt, Owner, Reply, Report};
pub(super) use layer::{Layer, method_label};
pub use servers::ServerKey;
pub(super) use servers::{Acked, Arrival};
