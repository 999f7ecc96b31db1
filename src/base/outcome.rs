//! How an offered call ended: requirements.md, Outcomes. Disjoint; the first that applies.

use serde::{Deserialize, Serialize};

/// The outcome of one offered call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Our crash ended it.
    Interrupted,
    /// Our fault ended it.
    Failed,
    /// Refused by a limit or a rule.
    Rejected,
    /// An agent of a queue answered.
    Answered,
    /// A target was tried from a queue and answered.
    OverflowedAnswered,
    /// A target was tried from a queue and nobody answered there.
    OverflowedNoAnswer,
    /// A target was tried from a queue; the caller hung up before its answer.
    OverflowedAbandoned,
    /// A target was tried from a queue; it could not be reached.
    OverflowedFailed,
    /// A caller who left a queue was sent on to a target through their own side: how that ended is not known here.
    OverflowedUnobserved,
    /// A target was tried without a queue and answered.
    RoutedAnswered,
    /// A target was tried without a queue and nobody answered.
    RoutedNoAnswer,
    /// A target was tried without a queue; the caller hung up before its answer.
    RoutedAbandoned,
    /// A target was tried without a queue; it could not be reached.
    RoutedFailed,
    /// A caller was sent on to a target without a queue, through their own side: how that ended is not known here.
    RoutedUnobserved,
    /// The caller left a callback.
    Callback,
    /// The plan said a message and hung up.
    Message,
    /// The caller hung up in a queue within the immediate hang-up limit (5 s by default), from queue entry.
    AbandonedShort,
    /// The caller hung up in a queue.
    AbandonedWaiting,
    /// The caller hung up in a menu.
    AbandonedMenu,
    /// The caller hung up before any menu or queue.
    AbandonedGreeting,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 20] = [
        Self::Interrupted,
        Self::Failed,
        Self::Rejected,
        Self::Answered,
        Self::OverflowedAnswered,
        Self::OverflowedNoAnswer,
        Self::OverflowedAbandoned,
        Self::OverflowedFailed,
        Self::OverflowedUnobserved,
        Self::RoutedAnswered,
        Self::RoutedNoAnswer,
        Self::RoutedAbandoned,
        Self::RoutedFailed,
        Self::RoutedUnobserved,
        Self::Callback,
        Self::Message,
        Self::AbandonedShort,
        Self::AbandonedWaiting,
        Self::AbandonedMenu,
        Self::AbandonedGreeting,
    ];

    /// The name in records and metric labels.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Answered => "answered",
            Self::OverflowedAnswered => "overflowed_answered",
            Self::OverflowedNoAnswer => "overflowed_no_answer",
            Self::OverflowedAbandoned => "overflowed_abandoned",
            Self::OverflowedFailed => "overflowed_failed",
            Self::OverflowedUnobserved => "overflowed_unobserved",
            Self::RoutedAnswered => "routed_answered",
            Self::RoutedNoAnswer => "routed_no_answer",
            Self::RoutedAbandoned => "routed_abandoned",
            Self::RoutedFailed => "routed_failed",
            Self::RoutedUnobserved => "routed_unobserved",
            Self::Callback => "callback",
            Self::Message => "message",
            Self::AbandonedShort => "abandoned_short",
            Self::AbandonedWaiting => "abandoned_waiting",
            Self::AbandonedMenu => "abandoned_menu",
            Self::AbandonedGreeting => "abandoned_greeting",
        }
    }
}
