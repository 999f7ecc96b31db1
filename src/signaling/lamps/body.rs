//! What a lamp shows, as RFC 4235 writes it. Must never name the other side of a conversation.

use crate::base::Name;
use std::net::SocketAddr;

/// The type of the body (RFC 4235 section 4).
pub(super) const TYPE: &str = "application/dialog-info+xml";

/// What somebody's telephone is doing (RFC 4235 section 3.7.1). `caller` says whether they called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lamp {
    /// Nothing.
    Dark,
    /// A call was placed and nothing rings yet.
    Trying {
        /// Whether they placed it.
        caller: bool,
    },
    /// It rings.
    Early {
        /// Whether they placed the call.
        caller: bool,
    },
    /// They speak.
    Confirmed {
        /// Whether they placed the call.
        caller: bool,
    },
}

impl Lamp {
    /// The word in `state`, and whether they called.
    const fn words(self) -> (&'static str, bool) {
        match self {
            Self::Dark => ("terminated", false),
            Self::Trying { caller } => ("trying", caller),
            Self::Early { caller } => ("early", caller),
            Self::Confirmed { caller } => ("confirmed", caller),
        }
    }
}

/// The full state of `watched`. An extension holds nothing XML would have escaped (`settings::is_extension`).
pub(super) fn write(watched: &Name, host: SocketAddr, version: u32, lamp: Lamp) -> String {
    let (state, caller) = lamp.words();
    let direction = if caller { "initiator" } else { "recipient" };
    format!(
        "<?xml version=\"1.0\"?>\r\n\
         <dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{version}\" state=\"full\" \
         entity=\"sip:{watched}@{host}\">\r\n\
         <dialog id=\"{watched}\" direction=\"{direction}\"><state>{state}</state></dialog>\r\n</dialog-info>\r\n"
    )
}
