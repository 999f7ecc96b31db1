//! Transactions: four pure machines laid beside the figures of RFC 3261, and the layer that holds their bytes.
//! Must never know of legs beyond their keys.

mod action;
mod client;
mod client_invite;
mod server;
mod server_invite;

pub use action::TransactionTimer;
