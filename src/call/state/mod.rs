//! What a call is doing: one file per state, each owning its data and taking itself by value.
//! No wildcard arm: a new event is a list of compile errors, one per state.

mod arriving;
mod bridged;
mod ending;
mod in_flow;
mod pickup;
mod queued;
mod ringing;
mod transferring;

pub use arriving::Arriving;
pub use bridged::{Bridged, Peer};
pub use ending::Ending;
pub use in_flow::InFlow;
pub use pickup::Pickup;
pub use queued::{Queued, Visit};
pub use ringing::Ringing;
pub use transferring::Transferring;

use super::{Ctx, Event, Out, Stands};

/// The state of a call.
#[derive(Debug)]
pub enum State {
    /// Not answered: the plan is being read, or a target rings.
    Arriving(Arriving),
    /// Answered, hearing a prompt, a menu or a closing message.
    InFlow(InFlow),
    /// In line.
    Queued(Queued),
    /// Answered, with agents' phones or a target ringing.
    Ringing(Ringing),
    /// Talking.
    Bridged(Bridged),
    /// Sent on by an agent, with the new phone ringing.
    Transferring(Transferring),
    /// Over; its legs are being taken down.
    Ending(Ending),
}

impl State {
    /// One step.
    #[must_use]
    pub fn on(self, event: Event, ctx: Ctx, out: &mut Out) -> Self {
        match self {
            Self::Arriving(state) => state.on(event, ctx, out),
            Self::InFlow(state) => state.on(event, ctx, out),
            Self::Queued(state) => state.on(event, ctx, out),
            Self::Ringing(state) => state.on(event, ctx, out),
            Self::Bridged(state) => state.on(event, ctx, out),
            Self::Transferring(state) => state.on(event, ctx, out),
            Self::Ending(state) => state.on(event, ctx, out),
        }
    }

    /// Whom a leg of the call has at the other end, and how far they are, where they may go over to another call.
    pub(super) fn beyond(&self, leg: u16, holds: impl Fn(u16) -> bool) -> Option<(u16, Stands)> {
        match self {
            Self::Arriving(state) => state.beyond(leg),
            Self::Bridged(state) => state.beyond(leg, holds),
            Self::InFlow(_)
            | Self::Queued(_)
            | Self::Ringing(_)
            | Self::Transferring(_)
            | Self::Ending(_) => None,
        }
    }

    /// The state's label in status and metrics.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Arriving(_) => "arriving",
            Self::InFlow(_) => "in_flow",
            Self::Queued(_) => "queued",
            Self::Ringing(_) => "ringing",
            // For whoever looks on, the caller is still with the agents.
            Self::Bridged(_) | Self::Transferring(_) => "bridged",
            Self::Ending(_) => "ending",
        }
    }

    /// Whether its call is only still to be told no.
    #[must_use]
    pub const fn is_to_be_refused(&self) -> bool {
        match self {
            Self::Arriving(state) => state.is_to_be_refused(),
            Self::InFlow(_)
            | Self::Queued(_)
            | Self::Ringing(_)
            | Self::Bridged(_)
            | Self::Transferring(_)
            | Self::Ending(_) => false,
        }
    }

    /// Every label.
    pub const LABELS: [&'static str; 6] = ["arriving", "in_flow", "queued", "ringing", "bridged", "ending"];
}
